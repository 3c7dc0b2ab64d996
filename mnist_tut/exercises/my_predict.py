"""The class of one picture and its probability; the model is left as it came."""

import torch

PAGE, SECTION = "from_memory", "memory-pieces"
MINUTES, DIFFICULTY = 10, 2

STUB = """\
def my_predict(model, picture):
    ...
"""


def my_predict(model, picture):
    training = model.training
    model.eval()
    with torch.no_grad():
        probs = model(picture[None]).softmax(dim=1)[0]
    model.train(training)
    return probs.argmax().item(), probs.max().item()


def check(attempt):
    class Net(torch.nn.Linear):
        def forward(self, xb):
            notes.append((self.training, tuple(xb.shape)))
            if self.training:
                return super().forward(xb).flip(-1)
            return super().forward(xb)

    def run(training):
        notes.clear()
        net.train(training)
        return attempt(net, picture), net.training

    notes, net = [], Net(5, 4)
    generator = torch.Generator().manual_seed(30)
    picture = torch.rand(5, generator=generator)
    with torch.no_grad():
        net.weight.copy_(torch.randn(4, 5, generator=generator))
        net.bias.copy_(torch.tensor([1.5, -1.0, 2.5, 1.0]))
        logits = net.eval()(picture[None])[0]
    kept, probs = picture.clone(), logits.softmax(0)
    best = int(logits.argmax())
    (out, after), seen = run(False), list(notes)
    after_training, seen_training = run(True)[1], list(notes)
    if not torch.equal(picture, kept):
        return ("changed",)
    if not seen:
        return ("nothing",) if out is None or out is ... else ("not_asked",)
    if any(shape == (5,) for _, shape in seen):
        return ("alone",)
    if len(seen[-1][1]) != 2 or seen[-1][1][1] != 5:
        return "other_shape", seen[-1][1], (1, 5)
    if any(training for training, _ in seen_training):
        return ("training",)
    if not after_training:
        return ("left_eval",)
    if after:
        return ("left_train",)
    if out is None or out is ...:
        return ("nothing",)
    if hasattr(out, "tolist"):
        out = out.tolist()
    if not isinstance(out, (tuple, list)) or len(out) != 2:
        return ("two_things",)
    try:
        found, chance = (torch.as_tensor(each).detach().item() for each in out)
    except (TypeError, ValueError, RuntimeError):
        return ("numbers",)

    def close(value, want):
        return abs(value - float(want)) < 1e-4

    if close(found, probs[best]) and close(chance, best):
        return ("swapped",)
    if close(chance, 1):
        return ("one",)
    if found != best:
        return "wrong_class", out[0]
    ways = {
        "right": probs[best],
        "logit": logits[best],
        "log": probs[best].log(),
        "percent": 100 * probs[best],
        "sigmoid": logits[best].sigmoid(),
        "share": logits[best] / logits.sum(),
        "twice": probs.softmax(0)[best],
        "mean": probs.mean(),
    }
    key = next((key for key, want in ways.items() if close(chance, want)), None)
    if not key and abs(chance - float(probs[best])) < 0.01:
        return ("rounded",)
    return (key,) if key else ("chance", f"{chance:.4g}")


HINT = (
    "``picture[None]`` is a mini-batch of one. ``model.training`` says in which mode the "
    "model is, and ``model.train(mode)`` sets it. Which dimension holds the classes?"
)
MESSAGES = {
    "rounded": "The probability is rounded. Return it as it is; round when you print.",
    "right": (
        "Right. The softmax makes a probability of the logit, and the model is left as "
        "it came."
    ),
    "not_asked": "The model was not called.",
    "alone": (
        "The model was given the image alone. It takes mini-batches: make one of a "
        "single image."
    ),
    "other_shape": "The model was given the shape {}, and {} would be a mini-batch of one.",
    "training": "The model predicts in training mode: model.eval() is missing.",
    "left_eval": (
        "A model that came in training mode is left in evaluation mode. Its owner goes "
        "on training and does not notice."
    ),
    "left_train": (
        "A model that came in evaluation mode is left in training mode. Remember in "
        "which mode it came."
    ),
    "two_things": "Return two things: the class and its probability.",
    "numbers": "Class and probability should each be one number.",
    "swapped": "The class comes first, then the probability.",
    "wrong_class": "The class is {}, and that is not the most probable one.",
    "logit": "The class is right. But that is its logit: softmax makes it a probability.",
    "log": "That is the logarithm of the probability.",
    "one": (
        "The probability is always 1: is the softmax taken over the mini-batch of one, "
        "instead of over the classes?"
    ),
    "percent": "That is in per cent. A probability lies between 0 and 1.",
    "sigmoid": (
        "sigmoid looks at one logit alone. The probabilities of all classes add up to one: "
        "softmax."
    ),
    "share": "Logits can be negative: their share is no probability. Take softmax.",
    "twice": "The softmax was taken twice.",
    "mean": "That is the mean of the probabilities. The largest is asked for.",
    "chance": "The class is right. Its probability is not {}.",
}
