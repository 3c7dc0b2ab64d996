"""What all checks share: how a result is compared, and how a verdict is told.

A check calls the attempt and returns the key of a message, with the values that the message names,
if any. It computes what the usual misunderstandings would give, to tell them apart. Downloads carry
checks in a cell, so a check needs nothing but torch and :func:`compare`.

Of the attempt itself :func:`tell` knows its code: whether anything was written, at which line it
stopped, what it uses that was not given to it.
"""

import difflib
import dis
import functools
import inspect
import linecache
import re
import warnings

import torch


def tell(check, attempt, says, stub="", ready=()):
    """Print what a check has to say; return True for a right answer, None for none, else False."""
    functions = functions_of(attempt)
    codes = [code for each in functions for code in within(each.__code__)]
    more = []
    with (
        torch.random.fork_rng(devices=[]),
        torch.enable_grad(),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", RuntimeWarning)
        torch.default_generator.manual_seed(0)
        try:
            key, *values = ("todo",) if untouched(codes, stub) else check(attempt)
        except Exception as error:
            key, values, more = stopped(error, codes, attempt)
    if key not in ("todo", "dots"):
        seen = looked_through(functions, codes, ready)
        used = seen.pop("ready", [])
        lost = [name for name in methods_of(stub, attempt) if name not in vars(attempt)]
        if key != "right":
            more = [("misspelt", lost[:1])] if lost else more
            more += seen.items()
        elif used:
            key, values = "ready", used
    print(says[key].format(*values))
    for key_of_more, values in more:
        print(says[key_of_more].format(*values))
    return {"right": True, "todo": None, "dots": None, "nothing": None}.get(key, False)


def functions_of(attempt):
    """List the functions of an attempt: a function, a class, or what can be called.

    Of a function that others wrote and that the learner made by a call, as ``operation`` makes
    one, it is what it holds.
    """
    if isinstance(attempt, functools.partial):
        attempt = attempt.func
    attempt = inspect.unwrap(attempt) if callable(attempt) else attempt
    if inspect.isfunction(attempt):
        held = [cell.cell_contents for cell in attempt.__closure__ or ()]
        held += [each for more in held if isinstance(more, tuple) for each in more]
        held = [*filter(inspect.isfunction, held)]
        home = attempt.__code__.co_filename
        return [f for f in held if f.__code__.co_filename != home] or [*held, attempt]
    kind = attempt if inspect.isclass(attempt) else type(attempt)
    if kind.__module__.startswith("torch."):
        return []
    own = [getattr(each, "__func__", each) for each in vars(kind).values()]
    return [each for each in map(inspect.unwrap, own) if inspect.isfunction(each)]


def methods_of(stub, attempt):
    """List the methods that the stub of a class names; none if the attempt is no class."""
    codes = within(compile(stub, "stub", "exec"))
    return [code.co_name for code in codes[2:]] if inspect.isclass(attempt) else []


def within(code):
    """List a code object and those that stand in it."""
    inner = [each for each in code.co_consts if inspect.iscode(each)]
    return [code, *(deeper for each in inner for deeper in within(each))]


def untouched(codes, stub):
    """Tell whether an attempt says no more than the stub that the learner was given."""

    def words(code):
        plain = tuple(each for each in code.co_consts if not inspect.iscode(each))
        return code.co_name, code.co_code, code.co_names, code.co_varnames, plain

    given = {words(code) for code in within(compile(stub, "stub", "exec"))}
    return bool(codes) and given >= {words(code) for code in codes}


def stopped(error, codes, attempt):
    """Say at which of the learner's lines an attempt stopped, why, and what that usually means."""
    told = re.sub(r"(?:\w+\.)*<locals>\.", "", f"{type(error).__name__}: {error}")
    text, _, rest = told.partition("\n")
    if text.endswith(":"):
        text += f" {rest.strip().splitlines()[0]}"
    if "ellipsis" in text.lower():
        return "dots", [], []
    clue, line = clue_of(text, codes, attempt), line_of(error, codes)
    clue = meant(error, codes) or clue
    if line:
        key = "raised" if line[1] else "raised_at"
        return key, [*filter(None, line), text], [clue]
    name = re.escape(getattr(attempt, "__name__", "?"))
    if clue[0] == "arguments" and re.fullmatch(rf"{name}(\.\w+)?", clue[1][0]):
        return "called", [text], [("hint", ())]
    return "unfit", [text], [clue]


def meant(error, codes):
    """Return the key for a name that hardly differs from a known one, with both; None if none."""
    if not isinstance(error, (AttributeError, NameError)) or not error.name:
        return None
    names = [name for code in codes for name in code.co_varnames + code.co_names]
    known = {*names} if isinstance(error, NameError) else {*dir(error.obj)}
    others = sorted(known - {error.name, f"{error.name}_"})
    near = difflib.get_close_matches(error.name, others, 1, 0.82)
    return ("meant", (error.name, near[0])) if near else None


def line_of(error, codes):
    """Return the number and the text of the last of the learner's lines on the way to an error."""
    found, trace, home = (
        None,
        error.__traceback__,
        codes[0].co_filename if codes else None,
    )
    while trace:
        code, number = trace.tb_frame.f_code, trace.tb_lineno
        if code in codes or code.co_filename == home != tell.__code__.co_filename:
            found = number, linecache.getline(code.co_filename, number).strip()
        trace = trace.tb_next
    return found


def clue_of(text, codes, attempt):
    """Return the key of what usually lies behind an error, with what its message names."""
    matches = ((key, re.search(pattern, text)) for key, pattern in CLUES.items())
    clues = ((key, found.groups("")) for key, found in matches if found)
    key, values = next(clues, ("hint", ()))
    if key == "name" and inspect.isclass(attempt):
        return "self", values
    if key in ("name", "local"):
        given = codes[0].co_varnames[: codes[0].co_argcount] if codes else ()
        return key, (*values, ", ".join(given))
    known = {code.co_qualname.rpartition("<locals>.")[2] for code in codes}
    known |= {getattr(attempt, "__name__", "")}
    if key == "arguments" and values[0] not in known:
        return "hint", ()
    if key == "attribute" and values[0] == getattr(attempt, "__name__", ""):
        return "unassigned", values[1:]
    return key, values


def looked_through(functions, codes, ready):
    """Look for what the text forbids, for names from outside, and for loops that end at once."""
    space = functions[-1].__globals__ if functions else {}
    steps = [(code, step) for code in codes for step in dis.get_instructions(code)]
    outer = {step.argval for _, step in steps if step.opname == "LOAD_GLOBAL"}
    names = {name: space[name] for name in sorted(outer) if name in space}
    home = codes[0].co_filename if codes else None
    helpers = [each for each in names.values() if inspect.isfunction(each)]
    near = [each.__code__ for each in helpers if each.__code__.co_filename == home]
    used = {name for code in codes + near for name in code.co_names}
    used |= {getattr(value, "__name__", "") for value in names.values()}
    found = {}
    if forbidden := [name for name in ready if name in used]:
        found["ready"] = forbidden[:1]
    for name, value in names.items():
        data = not callable(value) or isinstance(value, torch.nn.Module)
        if data and not inspect.ismodule(value):
            found["outside"] = [name]
    back = {(code, step.argval) for code, step in steps if "BACKWARD" in step.opname}
    begin = None
    for code, step in steps:
        begin = begin or step.offset
        if step.opname == "FOR_ITER" and (code, begin) not in back:
            found["loop"] = [step.positions.lineno]
        begin = begin if step.opname == "EXTENDED_ARG" else None
    return found


def compare(out, want, **usual):
    """Compare a result with the right one, and with some that come from usual misunderstandings.

    Those that get the same message may stand in a list.
    """
    if out is None or out is ...:
        return ("nothing",)
    if not isinstance(out, torch.Tensor):
        kind = type(out)
        if kind.__module__ == "torch.return_types":
            return "pair", kind.__name__
        if isinstance(out, (list, tuple)):
            return "list", kind.__name__
        if callable(out):
            return ("uncalled",)
        number = isinstance(out, (int, float)) or hasattr(out, "__array__")
        if want.requires_grad or not number:
            return "type", kind.__name__
        out = torch.as_tensor(out)
    if want.ndim == 0 and out.numel() == 1:
        out = out.reshape(())
    pairs = [("right", want), *usual.items()]
    kinds = [(k, v) for k, vs in pairs for v in (vs if isinstance(vs, list) else [vs])]
    for key, value in kinds:
        same = out.shape == value.shape and torch.allclose(
            out.double(), value.double(), rtol=1e-4, atol=1e-6, equal_nan=True
        )
        if same and key == "right" and want.requires_grad and not out.requires_grad:
            return ("detached",)
        floats = out.is_floating_point() and want.is_floating_point()
        if same and key == "right" and out.dtype != want.dtype and not floats:
            return "dtype", out.dtype, want.dtype
        if same:
            return (key,)
    if out.shape != want.shape:
        return "shape", tuple(out.shape), tuple(want.shape)
    return apart(out.detach().double(), want.detach().double())


def apart(out, want):
    """Say in which way numbers of the right shape differ from the right ones."""
    if out.isnan().any():
        return ("nan",)
    if out.isinf().any() and not want.isinf().any():
        return ("infinite",)
    many, off, right = out.numel() > 1, out - want, torch.isclose(out, want, 1e-4, 1e-6)
    ratio = (out / want)[want != 0]
    if not out.any():
        return ("zero",)
    if len(ratio) and (ratio - ratio[0]).abs().max() < 1e-4 * ratio[0].abs():
        times = ratio[0].item()
        whole = any(abs(r - round(r)) < 1e-3 * abs(r) for r in (times, 1 / times))
        if (many or whole) and not out[want == 0].any():
            return ("opposite",) if abs(times + 1) < 1e-3 else ("times", f"{times:.4g}")
    if many and off.max() - off.min() < 1e-4 * off.abs().max():
        return "plus", f"{off.flatten()[0]:.4g}"
    if many and torch.allclose(out.flatten().sort()[0], want.flatten().sort()[0]):
        return ("order",)
    whole = (out == out.round()).all() and off.abs().max() < 1
    if whole and not right.any() and (not many or out.min() < out.max()):
        return ("integers",)
    if out.numel() > 7:
        slope = (
            ((out - out.mean()) * (want - want.mean())).sum()
            / want.var()
            / (out.numel() - 1)
        )
        shift = out.mean() - slope * want.mean()
        if torch.allclose(out, slope * want + shift, 1e-4, 1e-6) and slope.abs() > 1e-3:
            return "affine", f"{slope:.4g}", f"{shift:.4g}"
        rise = out.flatten()[want.flatten().argsort()].diff()
        if (rise > -1e-9).all() and rise.any():
            return ("curved",)
    at = off.abs().argmax()
    numbers = f"{out.flatten()[at]:.4g}", f"{want.flatten()[at]:.4g}"
    if right.any() and right.ndim > 1 and (where := place_of(right)):
        return "part_at", where, *numbers
    if right.any():
        return "part", int(right.sum()), right.numel(), *numbers
    return "wrong", *numbers


def place_of(right):
    """Write where a tensor of bools is true, such as [:, :3]; "" if that is no block."""
    parts, whole = [], torch.ones_like(right)
    for d, size in enumerate(right.shape):
        hit = right.movedim(d, 0).flatten(1).any(1)
        whole &= hit.reshape([-1 if each == d else 1 for each in range(right.ndim)])
        first, last = hit.nonzero().min().item(), hit.nonzero().max().item()
        if hit.sum() <= last - first:
            return ""
        ends = f"{first or ''}:{'' if last == size - 1 else last + 1}"
        parts.append(f"{first}" if first == last and size > 1 else ends)
    return f"[{', '.join(parts)}]" if torch.equal(whole, right) else ""


#: How the text of an exception betrays what usually lies behind it; the first that fits counts.
CLUES = {
    "pair": r"torch\.return_types\.(\w+)",
    "a_pair": r"tuple indices must be",
    "super": r"before Module\.__init__|has no attribute '_(?:modules|parameters|buffers)'",
    "leaf": r"leaf Variable",
    "name": r"NameError: name '(\w+)'",
    "local": r"cannot access (?:local|free) variable '(\w+)'",
    "method": r"\.(\w+)\(\) takes (?:1 positional argument but 2|0 positional arguments but 1) w",
    "arguments": r"TypeError: ([\w.<>]+)\(\) (?:takes|missing|got)",
    "ours": r"does not support ufuncs|must be Tensor, not Tensor",
    "class": r"must be Tensor, not ([A-Z]\w+)$|torch\.nn\.[\w.]+ is not a Module subclass",
    "modules": r"(list|tuple|dict|genexpr)>? is not a Module subclass",
    "torchs_own": r"is not a Module subclass",
    "brackets": r"'(?:builtin_function_or_method|method|function|type)'",
    "once": r"'?generator'? (?:has|object|raised)|StopIteration|'(?:zip|map)' object is not",
    "none": r"NoneType",
    "plain": r"'(?:float|int)' object (?:has no attribute|is not (?:iterable|subscriptable))",
    "numpy": r"Can't call numpy\(\)|__array_wrap__",
    "rows": r"shapes cannot be multiplied \(\w+x(\d+) and (\d+)x",
    "sizes": r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)",
    "shapes": r"could not be broadcast together with shapes (\([\d,]+\)) (\([\d,]+\))",
    "labels_first": r"softmax\w*\" not implemented for '(?:Long|Int)'",
    "twice_back": r"backward through the graph a second time",
    "named_dims": r"input\.dim\(\) = (\d+) is not equal to len\(dims\) = (\d+)",
    "floats": r"could not infer output dtype|implemented for '(?:Long|Bool|Byte)'",
    "types": r"same dtype",
    "cast": r"can't be cast to the desired output type (\w+)",
    "fits": r"input array from shape (\([\d,]+\)) into shape (\([\d,]+\))",
    "gather": r"Index tensor must have the same number of dimensions",
    "scalar": r"implicitly created only for scalar outputs",
    "no_way": r"does not require grad",
    "equal": r"expects each tensor to be equal size",
    "tensors": r"must be tuple of Tensors, not (\w+)",
    "dimension": r"expected to be in range of \[(-?\d+), (-?\d+)\], but got (-?\d+)",
    "bounds": r"index (-?\d+) is out of (?:bounds|range).* size (\d+)",
    "too_many": r"too many indices",
    "unpack": r"to unpack|cannot unpack",
    "recursion": r"RecursionError",
    "zero_division": r"ZeroDivisionError",
    "a_list": r"'list' object|'list' and|list indices|multiply sequence",
    "attribute": r"'(\w+)' object has no attribute '(\w+)'",
}

#: What many checks say in the same words; an exercise's own text goes before it.
MESSAGES = {
    "how": (
        "**How an exercise works:** under each task stands a cell to complete. Write in "
        "it, run it, then run the line below it, such as `check({})`: it says whether "
        "yours is right, and if not, what went wrong. Hint and solution are folded in "
        "the task."
    ),
    "todo": "Still to be done: the cell says no more than it did at first.",
    "dots": "Still to be done: there is a ... left in it.",
    "nothing": "It gives back None. Is the last line without its return?",
    "raised": "It stops at line {}: {}\n{}",
    "raised_at": "It stops at line {}.\n{}",
    "called": (
        "It cannot be called as the exercise does: {}\n"
        "Keep the first line as it was given."
    ),
    "unfit": "It gives back something that fails when it is used: {}",
    "unknown": "Give check the function or class itself: check({}).",
    "ready": ("It works, but it uses {}, which the exercise asks you to do without."),
    "outside": (
        "And it uses {}, which is not given to it: the check gives other values than "
        "the page. Use the arguments alone."
    ),
    "loop": (
        "And the loop in line {} ends in its first round: how far is its return indented?"
    ),
    "type": (
        "It gives back something of the type {}. Keep it a tensor: leave out "
        "item(), tolist() and float()."
    ),
    "uncalled": "It gives back a function: brackets () are missing behind its name.",
    "list": (
        "It gives back a {}. torch.stack makes one tensor of many, torch.tensor one of "
        "numbers."
    ),
    "shape": "Its result has the shape {}, and {} was asked for.",
    "dtype": "The numbers are right, but their type is {} instead of {}.",
    "detached": (
        "The value is right, but it has lost its way back: without a grad_fn "
        "nothing can be trained. Leave out item(), detach() and no_grad()."
    ),
    "changed": (
        "You changed the caller's tensors. Compute new ones instead: x = x - 1, not "
        "x -= 1."
    ),
    "nan": (
        "There is a nan in it: 0 / 0, infinity less infinity, or the logarithm or root of a "
        "negative number."
    ),
    "infinite": "There is an infinity in it: something has overflowed, or was divided by 0.",
    "zero": "All of it is zero.",
    "opposite": "The numbers are right, but all signs are turned.",
    "times": "All of it is {} times as large as it should be.",
    "plus": "All of it differs from the right result by the same number, {}.",
    "order": "The numbers are right, but they stand in another order.",
    "integers": "They are all whole numbers: has something rounded them, or cut off the rest?",
    "affine": (
        "All of it is {} times the right result, plus {}: something is multiplied or added "
        "once too often, or not at all."
    ),
    "curved": (
        "It rises and falls with the right result, but the numbers are others: a step too "
        "many or too few, such as an exp, log, root, sigmoid, clamp or rounding?"
    ),
    "part_at": (
        "Of your result only {} is right. Elsewhere yours says, for example, {} where it "
        "should be {}."
    ),
    "part": "Only {} of {} numbers are right. Yours says {} where it should be {}.",
    "wrong": "Not yet: where yours says {}, {} would be right.",
    "pair": (
        "{} with a dim gives back two things, values and indices: take .values (amax "
        "and amin give them alone) or .indices."
    ),
    "a_pair": (
        "Several things in a tuple stand there. (max with a dim gives two, values and "
        "indices: .values, or amax.)"
    ),
    "super": "super().__init__() is missing: it comes first in __init__.",
    "leaf": (
        "A parameter must not be changed while autograd takes notes: update it "
        "within torch.no_grad()."
    ),
    "meant": "{} is unknown there. Is {} meant?",
    "name": "{} is unknown there. Is it misspelt? The function is given {}.",
    "self": (
        "{0} is unknown there. What belongs to the object is written with self: "
        "self.{0}, where it is made and where it is used."
    ),
    "unassigned": (
        "The object has no {0}. Has __init__ said self.{0} = ..., with self and with "
        "the same name?"
    ),
    "local": (
        "{} has no value yet at that line: whatever is assigned to within a function "
        "belongs to it alone. The function is given {}."
    ),
    "misspelt": "It has no {} of its own: is the name misspelt, or is its def indented too far?",
    "method": "{}() is a method: self comes first among its arguments.",
    "arguments": "{}() is given other arguments than those in its first line.",
    "class": (
        "A layer stands there as a class, without its brackets: nn.ReLU() makes one, "
        "which is then called; F.relu(x) needs none."
    ),
    "ours": (
        "That function is NumPy's or PyTorch's, and does not know our Tensor: operation "
        "makes one that does."
    ),
    "modules": "nn.Sequential takes its layers one by one, not in a {}: add a *.",
    "torchs_own": (
        "nn.Sequential and nn.ModuleList are PyTorch's, and take PyTorch's own modules "
        "only. Ours stand without nn."
    ),
    "brackets": "Something stands there and is not called: its brackets () are missing.",
    "once": (
        "A generator hands out one thing after another, once: it has no length and no "
        "[i], and after its end nothing comes. Do all in one loop."
    ),
    "none": (
        "Something in that line is None: a gradient before backward(), or what a "
        "function without return gives back."
    ),
    "plain": (
        "A plain number stands there, no tensor any more. item() comes last, when all "
        "else is done."
    ),
    "numpy": (
        "NumPy cannot go with autograd. Use torch's functions, which are named alike, "
        "or detach() first."
    ),
    "rows": (
        "{} numbers come in each row, and the layer or matrix takes {}: follow the "
        "shapes."
    ),
    "sizes": (
        "Sizes {} and {} stand above each other: shapes are compared from the right. "
        "keepdim=True, or [:, None], keeps a column."
    ),
    "shapes": (
        "The shapes {} and {} do not fit: they are compared from the right. "
        "keepdims=True, or [:, None], keeps a column."
    ),
    "labels_first": "A loss takes the logits first, then the labels: the two have changed places.",
    "twice_back": (
        "backward() goes back through a result once; its notes are then thrown away. Is it "
        "called twice, or does a result of an earlier step still take part?"
    ),
    "named_dims": "There are {} dimensions, and you named {}: name each of them once.",
    "floats": "A mean, or a softmax, needs floats: .float() first.",
    "types": "Two types meet there, such as float32 and float64: .float() makes them equal.",
    "cast": "A {} tensor cannot become floats in place: write x = x / 255, not x /= 255.",
    "fits": "What is assigned has the shape {}, and its place {}.",
    "gather": "gather wants an index of as many dimensions: target[:, None].",
    "scalar": "backward() starts from one number: take the mean first.",
    "no_way": (
        "Nothing leads back from there: detach(), item(), no_grad() or NumPy has cut "
        "the way, or nothing asked for gradients."
    ),
    "equal": "The pieces are not equally large, and cannot be stacked.",
    "tensors": "It takes several tensors, in one list or tuple, and got a {}.",
    "dimension": "There is no dimension {2}: here they are numbered from {0} to {1}.",
    "bounds": "Index {} lies outside: there are {}, counted from 0.",
    "too_many": "There are more indices than dimensions: print the shape just before.",
    "unpack": "More names stand left of the = than things come, or fewer.",
    "recursion": "It calls itself, and so on without end.",
    "zero_division": (
        "The divisor is 0: has it been counted? A generator that was gone through once "
        "gives nothing more."
    ),
    "a_list": (
        "There is a list, and a list does not compute: go through it with for, one "
        "tensor at a time."
    ),
    "attribute": "A {} has no {}: is it misspelt, or does it belong to something else?",
}
