"""Take what a page needs out of ``mnist_tut``, so that its downloads run without it."""

from ext.code.package_source import full_name, imports_of, source_of, with_needs


class Bundle:
    """Hands out the code of objects and of what they need, each once.

    Parameters
    ----------
    shown : list of str
        Full names of the objects that the page shows, and so defines at their own places.
    """

    def __init__(self, shown: list[str]) -> None:
        self.shown = set(map(full_name, shown))
        self.given: dict[str, str] = {}  # last part of the name: full name

    def code(self, names: list[str], imported: set[str]) -> str:
        """Return code that defines these objects and whatever is still missing for them.

        Parameters
        ----------
        names : list of str
            Full names.
        imported : set of str
            Import statements, one name each, that were made before and need not be repeated.
        """
        names = [full_name(name) for name in names]
        due = [n for n in with_needs(names) if n in names or n not in self.shown]
        due = [name for name in due if name not in self.given.values()]
        for name in due:
            short = name.rpartition(".")[2]
            if self.given.setdefault(short, name) != name:
                raise ValueError(f"{name} and {self.given[short]} share a name")
        lines = {line for name in due for line in imports_of(name)} - imported
        parts = ["\n".join(sorted(lines)), *dict.fromkeys(map(source_of, due))]
        return "\n\n\n".join(filter(None, parts))
