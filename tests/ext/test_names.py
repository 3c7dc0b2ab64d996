"""What a piece of code uses, binds and changes."""

import ast

import pytest
from ext.code.names import Names, changed


@pytest.mark.parametrize(
    ("code", "now", "later", "bound"),
    [
        ("x = y", "y", "", "x"),
        ("x = x + 1", "x", "", "x"),
        ("x += y", "x y", "", ""),
        ("a, (b, *c) = d", "d", "", "a b c"),
        ("x: T = y", "T y", "", "x"),
        ("print(x := y, x)", "print y", "", "x"),
        ("for i in xs:\n    s = i + k", "xs k", "", "i s"),
        ("for i in i:\n    pass", "i", "", "i"),
        ("with f() as g:\n    g(h)", "f h", "", "g"),
        ("import a.b, c as d\nfrom e import f as g, h", "", "", "a d g h"),
        ("x = [i * k for i in xs if i]\ny = i", "xs k i", "", "x y"),
        ("x = {i: j for i, j in i}", "i", "", "x"),
        ("x = any(i for j in xs for i in j)", "any xs", "", "x"),
        ("def f(a, *b, c=d, **e):\n    g = a + h\n    return g", "d", "h", "f"),
        ("@deco\ndef f(a: T) -> R:\n    f()", "deco T R", "f", "f"),
        ("def f():\n    return f2()\ndef f2():\n    pass", "", "f2", "f f2"),
        (
            "def f():\n    k = 1\n    def g():\n        return k\n    return g",
            "",
            "",
            "f",
        ),
        ("f = lambda a, b=c: a + d", "c", "d", "f"),
        (
            "class C(B, metaclass=M):\n    x = y\n    def m(self):\n        C, z",
            "B M y",
            "C z",
            "C",
        ),
        ("x = 1\nclass C:\n    y = x", "", "", "x C"),
        ("try:\n    x\nexcept E as e:\n    e", "x E", "", "e"),
        ("del x", "x", "", ""),
    ],
)
def test_names_are_used_now_or_later_or_bound(code, now, later, bound):
    names = Names(code)
    assert list(names.now) == now.split()
    assert list(names.later) == later.split()
    assert names.bound == set(bound.split())


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("x += 1", "x"),
        ("x.a = 1", "x"),
        ("x[0] = 1", "x"),
        ("x[0].a -= 1", "x"),
        ("x = 1", ""),
        ("x.a.load(y)", "x"),
        ("x().load()", "x"),
        ("load(x)", ""),
        ("y = x.load()", ""),
        ("with no():\n    x -= 1\n    y.zero_()", "x y"),
        ("for i in y:\n    x += i", ""),
    ],
)
def test_what_changes_a_value_in_place_is_known(code, names):
    assert changed(ast.parse(code).body[0]) == set(names.split())
