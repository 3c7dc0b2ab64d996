"""Two steps of AdamW go where those of torch go."""

import numpy as np
import torch

from mnist_tut.exercises.common import compare

PAGE, SECTION = "inside_torch_nn", "inside-optim"
MINUTES, DIFFICULTY = 10, 3

STUB = """\
def my_adamw(p, g, m, v, t, lr, b1, b2, eps, decay):
    ...
    return p, m, v
"""


def my_adamw(p, g, m, v, t, lr, b1, b2, eps, decay):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g * g
    p = p - lr * decay * p
    p = p - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
    return p, m, v


def check(attempt):
    first = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    gradients = torch.tensor([[0.3, -2.0, 0.01], [0.1, 1.0, -0.4]], dtype=torch.float64)
    lr, b1, b2, eps, decay = 0.3, 0.9, 0.99, 0.1, 0.2

    def torchs(make, **more):
        p = first.clone().requires_grad_()
        opt = make([p], lr=lr, betas=(b1, b2), eps=eps, weight_decay=decay, **more)
        for p.grad in gradients.clone():
            opt.step()
        return p.detach()

    def steps(
        correct=(1, 1), inside=False, uphill=1, own=0.1, power=2, root=0.5, **more
    ):
        p, m, v = first, first * 0, first * 0
        eps = more.get("eps", 0.1)
        shrink, second = more.get("shrink", lr * decay), more.get("second", b2)
        for t, g in enumerate(gradients, 1 + more.get("late", 0)):
            m, v = b1 * m + own * g, second * v + (1 - second) * g.abs() ** power
            c1, c2 = (1 - b**t if on else 1 for b, on in zip((b1, b2), correct))
            if more.get("returned"):
                m, v, c1, c2 = m / c1, v / c2, 1, 1
            below = (v / c2 + eps).sqrt() if inside else (v / c2) ** root + eps
            step = uphill * lr * m / c1 / below
            p = (
                (p - step) * (1 - shrink)
                if more.get("after")
                else p * (1 - shrink) - step
            )
        return p

    off = []
    p, m, v = (x.numpy().copy() for x in (first, first * 0, first * 0))
    for t, g in enumerate(gradients.numpy(), 1):
        kept = p.copy(), g.copy()
        means = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        out = attempt(p, g, m, v, t, lr, b1, b2, eps, decay)
        if out is None or out is ...:
            return ("nothing",)
        if not isinstance(out, (tuple, list)) or len(out) != 3:
            return ("three",)
        if (g != kept[1]).any():
            return ("changed",)
        if all(new is old for new, old in zip(out, (p, m, v))) and (p == kept[0]).all():
            return ("nothing",)
        if t == 1 and torch.allclose(
            torch.as_tensor(out[0]), first * 0 + gradients[0] / 10
        ):
            return ("swapped",)
        p, m, v = out
        for key, found, mean in zip(("m", "v"), out[1:], means):
            if not torch.allclose(
                torch.as_tensor(found).double(), torch.as_tensor(mean)
            ):
                off.append(key)
    want = torchs(torch.optim.AdamW)
    usual = {
        "uncorrected": steps(correct=(0, 0)),
        "m_uncorrected": steps(correct=(0, 1)),
        "v_uncorrected": steps(correct=(1, 0)),
        "no_eps": steps(eps=0),
        "grown": steps(shrink=-lr * decay),
        "no_lr": steps(uphill=1 / lr),
        "inside": steps(inside=True),
        "uphill": steps(uphill=-1),
        "as_loss": torchs(torch.optim.Adam),
        "whole_g": steps(own=1),
        "not_square": steps(power=1),
        "no_root": steps(root=1),
        "after": steps(after=True),
        "decay_alone": steps(shrink=decay),
        "one_b": steps(second=b1),
        "returned": steps(returned=True),
        "late": steps(late=1),
        "no_decay": torchs(
            lambda *a, **k: torch.optim.AdamW(*a, **{**k, "weight_decay": 0})
        ),
    }
    verdict = compare(torch.as_tensor(p), want, **usual)
    known = verdict[0] in ("right", "nan", "shape", *usual)
    return verdict if known else (f"{off[0]}_off" if off else "p_off",)


HINT = (
    "The running mean of the gradient is ``b1 * m + (1 - b1) * g``, that of its "
    "square ``b2 * v + (1 - b2) * g * g``. Update both before you use them."
)
MESSAGES = {
    "m_uncorrected": "m is not yet divided by 1 - b1**t.",
    "v_uncorrected": "v is not yet divided by 1 - b2**t.",
    "no_eps": "eps is missing: it is added to the root.",
    "grown": "You let p grow by lr * decay of itself. It is to shrink: minus.",
    "no_lr": "lr is missing before the step.",
    "m_off": "The new m is another. It is b1 times the old one, plus 1 - b1 times g.",
    "v_off": "The new v is another. It is b2 times the old one, plus 1 - b2 times g * g.",
    "p_off": (
        "m and v are right, and p is not. Go through its two lines: m' and v' divide by 1 - b**t, "
        "each with its own b, and t is an exponent."
    ),
    "right": "Right. Step by step where torch's AdamW goes.",
    "three": "Three arrays are asked for: the new p, m and v.",
    "uncorrected": (
        "The running means begin at zero and are too small at first: divide them by "
        "1 - b1**t and 1 - b2**t."
    ),
    "inside": "eps stands under the root. It is added to the root.",
    "uphill": "You went uphill: subtract the step.",
    "as_loss": (
        "You added the decay to the gradient: that is Adam with weight decay. AdamW "
        "shrinks p by itself, beside the gradient."
    ),
    "no_decay": "The weights are not shrunk: decay is missing.",
    "whole_g": (
        "The gradient goes into m in full. It is a running mean: b1 of the old, 1 -"
        " b1 of the new."
    ),
    "not_square": "v averages the gradient. Its squares are asked for: g * g.",
    "after": "The decay comes after the step. It is asked for before.",
    "decay_alone": "You shrink p by decay of itself. By lr * decay of itself is asked for.",
    "one_b": "You average the squares with b1. They have their own number, b2.",
    "returned": (
        "You return m and v divided by what corrects them. The divided ones are for this "
        "step alone: keep the running means as they are."
    ),
    "late": "You count a step too many: t is 1 at the first step already.",
    "no_root": "You divided by v'. Divide by its square root.",
    "nan": (
        "There is a nan in it. v averages g * g, which is never negative, so its root is safe; "
        "and 1 - b1**t is 0 if t is 0, but t begins with 1."
    ),
    "swapped": "What comes first is m. Return p, m, v, in this order.",
}
