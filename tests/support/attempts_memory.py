"""Answers to the exercises of the page "From memory", right and wrong, as learners give them."""

import re


def rows(text):
    """Read answers written out in full, each under its exercise and, if wrong, its message."""
    _, *parts = re.split(r"^# (\w+)(?:: (\w+))?\n", text, flags=re.M)
    found = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return [(name, code, key) if key else (name, code) for name, key, code in found]


LOOP = "def my_order():\n    return "

CHANGED = [
    # the solution of, with this, turned into that, gets this message
    ("my_order", "[3, 7, 10, 6, 4, 1, 9, 2, 5, 8]", "[2, 6, 9, 5, 3, 0, 8, 1, 4, 7]", "zero"),
    ("my_order", ", 9, 2", ", 2", "left"),
    ("my_order", ", 9, 2", ", 1, 2", "left"),
    ("my_order", ", 5, 8]", ", 5, 8, 8]", "more"),
    ("my_order", "[3, 7, 10, 6", "[7, 3, 10, 6", "first"),
    ("my_order", "10, 6, 4, 1, 9, 2, 5, 8", "10, 6, 4, 1, 2, 9, 5, 8", "deeper"),
    ("my_order", "2, 5, 8]", "5, 2, 8]", "empty"),
    ("my_order", "2, 5, 8]", "8, 2, 5]", "end"),
    ("my_order", "[3, 7, 10, 6, 4, 1, 9, 2, 5, 8]", "[3, 7, 10, 6, 8, 4, 1, 9, 2, 5]", "end"),
    ("my_order", "[3, 7, 10, 6, 4, 1, 9, 2, 5, 8]", "[3, 7, 5, 9, 2, 10, 6, 4, 1, 8]", "within"),
    ("my_order", "1, 9, 2, 5, 8]", "1, 2, 5, 9, 8]", "recorded"),
    ("my_order", "[3, 7, 10, 6, 4, 1, 9, 2, 5, 8]", "[3, 7, 5, 6, 4, 1, 9, 2, 10, 8]", "within"),
    ("my_order", "[3, 7, 10, 6, 4, 1, 9, 2, 5, 8]", "[3, 2, 5, 8, 7, 10, 6, 4, 1, 9]", "before"),
    ("my_order", "[3, 7, 10, 6, 4, 1, 9, 2, 5, 8]", "[3, 10, 6, 4, 1, 9, 2, 5, 8, 7]", "train"),
    ("my_order", "[3, 7, 10, 6, 4, 1, 9, 2, 5, 8]", "[3, 7, 2, 10, 6, 4, 1, 9, 5, 8]", "eval"),
    ("my_order", "[3, 7, 10, 6, 4, 1, 9, 2, 5, 8]", "[3, 7, 10, 6, 4, 1, 9, 5, 8, 2]", "eval"),
    ("my_order", "6, 4, 1, 9", "4, 6, 1, 9", "loss"),
    ("my_order", "6, 4, 1, 9", "6, 4, 9, 1", "cleared"),
    ("my_order", "6, 4, 1, 9", "6, 1, 4, 9", "step"),
    ("my_order", "[3, 7, 10, 6, 4, 1, 9, 2, 5, 8]", "'3, 7, 10, 6, 4, 1, 9, 2, 5, 8'", "kind"),
    ("my_order", "[3, 7, 10, 6, 4, 1, 9, 2, 5, 8]", "[3, 7, 10, ...]", "nothing"),
    ("my_order", "[3,", "[three,", "raised"),
    ("my_fit", "        model.train()\n", "", "no_train"),
    ("my_fit", "    for _ in range(epochs):\n        model.train()\n", "    model.train()\n    for _ in range(epochs):\n", "train_once"),
    ("my_fit", "        model.eval()\n", "", "no_eval"),
    ("my_fit", "model.eval()", "model.eval", "no_eval"),
    ("my_fit", "with torch.no_grad():", "if True:", "grads"),
    ("my_fit", "            opt.zero_grad()\n", "", "no_zero"),
    ("my_fit", "            opt.zero_grad()\n            total", "            total", "no_zero"),
    ("my_fit", "            opt.zero_grad()\n            total += loss.item() * len(xb)\n            count += len(xb)\n", "            total += loss.item() * len(xb)\n            count += len(xb)\n        opt.zero_grad()\n", "no_zero"),
    ("my_fit", "            opt.step()\n            opt.zero_grad()\n", "            opt.zero_grad()\n            opt.step()\n", "cleared"),
    ("my_fit", "            loss.backward()\n            opt.step()\n", "            opt.step()\n            loss.backward()\n", "step_first"),
    ("my_fit", "            loss.backward()\n            opt.step()\n            opt.zero_grad()\n", "            opt.zero_grad()\n            opt.step()\n            loss.backward()\n", "step_first"),
    ("my_fit", "            loss.backward()\n", "", "no_backward"),
    ("my_fit", "        history.append((train_loss, total / count))", "        history.append({1: train_loss, 2: total / count})", "pairs"),
    ("my_fit", "            opt.step()\n", "", "no_step"),
    ("my_fit", "opt.step()", "opt.step", "no_step"),
    ("my_fit", "            opt.step()\n", "            with torch.no_grad():\n                for p in model.parameters():\n                    p -= 0.3 * p.grad\n", "no_step"),
    ("my_fit", "total += loss.item() * len(xb)\n            count += len(xb)", "total += loss.item()\n            count += 1", "batches"),
    ("my_fit", "yb).item() * len(xb)\n                count += len(xb)", "yb).item()\n                count += 1", "batches"),
    ("my_fit", "total += loss.item() * len(xb)", "total += loss.item()", "batches"),
    ("my_fit", "total += loss.item() * len(xb)", "total = loss.item() * count if False else loss.item() * 10\n            xb = xb", "last_batch"),
    ("my_fit", "        train_loss = total / count\n", "        train_loss = loss.item()\n", "last_batch"),
    ("my_fit", "total += loss.item() * len(xb)\n            count += len(xb)", "total, count = total or loss.item(), 1", "first_loss"),
    ("my_fit", "        train_loss = total / count\n", "        train_loss = total\n", "factor"),
    ("my_fit", "        train_loss = total / count\n", "        train_loss = total / len(train_dl)\n", "factor"),
    ("my_fit", "(train_loss, total / count)", "(train_loss, total / 10)", "factor"),
    ("my_fit", "valid_dl:\n", "train_dl:\n", "again"),
    ("my_fit", "in train_dl:", "in valid_dl:", "untrained"),
    ("my_fit", "                total += loss_func(model(xb), yb).item() * len(xb)", "                with torch.enable_grad():\n                    loss = loss_func(model(xb), yb)\n                loss.backward()\n                total += loss.item() * len(xb)", "on_valid"),
    ("my_fit", "        with torch.no_grad():\n            for xb, yb in valid_dl:\n", "        if True:\n            for xb, yb in valid_dl:\n                loss_func(model(xb), yb).backward()\n                opt.step()\n                opt.zero_grad()\n", "on_valid"),
    ("my_fit", "    return history", "        return history", "one_epoch"),
    ("my_fit", "    for _ in range(epochs):", "    for _ in range(1):", "one_epoch"),
    ("my_fit", "            count += len(xb)\n        train_loss", "            count += len(xb)\n            break\n        train_loss", "first_batch"),
    ("my_fit", "    for _ in range(epochs):", "    for _ in range(epochs - 1):", "passes"),
    ("my_fit", "    for _ in range(epochs):", "    for _ in range(epochs + 1):", "passes"),
    ("my_fit", "    for _ in range(epochs):", "    while True:", "endless"),
    ("my_fit", "    return history", "    history", "nothing"),
    ("my_fit", "        history.append(", "        (", "pairs"),
    ("my_fit", "    return history", "    return history[-1]", "last"),
    ("my_fit", "        history.append((train_loss, total / count))", "        history = [(train_loss, total / count)]", "last"),
    ("my_fit", "    return history", "    return list(zip(*history))", "columns"),
    ("my_fit", "    return history", "    return [loss for loss, _ in history]", "pairs"),
    ("my_fit", "(train_loss, total / count)", "(len(history), train_loss, total / count)", "pairs"),
    ("my_fit", "(train_loss, total / count)", "train_loss + total / count", "pairs"),
    ("my_fit", "(train_loss, total / count)", "(total / count, train_loss)", "swapped_pair"),
    ("my_fit", "total += loss.item() * len(xb)", "total += loss * len(xb)", "graph"),
    ("my_fit", "        history.append((train_loss, total / count))\n    return history", "        yield train_loss, total / count", "yields"),
    ("my_fit", "loss = loss_func(model(xb), yb)", "loss = loss_func(yb, model(xb))", "swapped"),
    ("my_fit", "loss_func(", "torch.nn.functional.cross_entropy(", "own_loss"),
    ("my_fit", "total += loss.item() * len(xb)", "total += loss_func(model(xb), yb).item() * len(xb)", "late"),
    ("my_fit", "    for _ in range(epochs):\n        model.train()\n        total, count = 0, 0\n", "    total, count = 0, 0\n    for _ in range(epochs):\n        model.train()\n", "part"),
    ("my_fit", "    return history", "    return history[::-1]", "order"),
    ("my_fit", "model(xb), yb)\n            loss.backward", "model(xb), yd)\n            loss.backward", "raised"),
    ("my_fit", "epochs, model, loss_func, opt, train_dl, valid_dl", "model, loss_func, opt, train_dl", "called"),
    ("my_size", "// stride + 1", "// stride", "no_one"),
    ("my_size", "2 * padding", "padding", "one_side"),
    ("my_size", "//", "/", "divided"),
    ("my_size", "(size + 2 * padding - kernel) // stride + 1", "-(-(size + 2 * padding - kernel) // stride) + 1", "up"),
    ("my_size", "(size + 2 * padding - kernel) // stride + 1", "round((size + 2 * padding - kernel) / stride) + 1", "nearest"),
    ("my_size", "(size + 2 * padding - kernel)", "size + 2 * padding - kernel", "no_brackets"),
    ("my_size", "- kernel) // stride + 1", "- kernel + 1) // stride", "inside"),
    ("my_size", "(size + 2 * padding - kernel) // stride + 1", "(size + 2 * padding) // stride", "no_kernel"),
    ("my_size", " // stride", "", "no_stride"),
    ("my_size", " + 2 * padding", "", "no_padding"),
    ("my_size", "2 * padding - kernel", "2 * padding + kernel", "other"),
    ("my_size", "(size + 2 * padding - kernel) // stride + 1", "size // stride", "other"),
    ("my_size", "return (size", "return 14 and (28", "other"),
    ("my_size", "(size + 2 * padding - kernel) // stride + 1", "[size, size]", "number"),
    ("my_size", "return ", "", "nothing"),
    ("my_size", "padding -", "pading -", "raised"),
    ("my_cnn_48", "conv_block(32, 64)", "nn.Conv2d(32, 64, 99)", "unfit"),
    ("my_cnn_48", "64 * 6 * 6", "64 * 4 * 4", "count"),
    ("my_cnn_48", "64 * 6 * 6", "64 * 6", "count"),
    ("my_cnn_48", "64 * 6 * 6", "64 * 48 * 48", "count"),
    ("my_cnn_48", "64 * 6 * 6", "64 * 5 * 5", "count"),
    ("my_cnn_48", "conv_block(3, 16)", "conv_block(1, 16)", "channels"),
    ("my_cnn_48", "conv_block(16, 32)", "conv_block(3, 32)", "channels"),
    ("my_cnn_48", "        nn.Flatten(),\n", "", "flatten"),
    ("my_cnn_48", "        nn.Flatten(),\n        nn.Linear(64 * 6 * 6, 10)", "        nn.AdaptiveAvgPool2d(1), nn.Conv2d(64, 10, 1)", "flatten"),
    ("my_cnn_48", "        conv_block(32, 64),\n        nn.Flatten(),\n        nn.Linear(64 * 6 * 6", "        nn.Flatten(),\n        nn.Linear(32 * 12 * 12", "blocks"),
    ("my_cnn_48", "        conv_block(3, 16),\n        conv_block(16, 32),\n        conv_block(32, 64),\n        nn.Flatten(),\n        nn.Linear(64 * 6 * 6", "        nn.Flatten(),\n        nn.Linear(3 * 48 * 48", "blocks"),
    ("my_cnn_48", "conv_block(32, 64)", "nn.Conv2d(32, 64, 3, stride=2, padding=1)", "bare"),
    ("my_cnn_48", "        nn.Flatten(),\n        nn.Linear(64 * 6 * 6, 10)", "        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.BatchNorm1d(64), nn.Unflatten(1, (32, 2)), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.AdaptiveAvgPool1d(10)", "linear"),
    ("my_cnn_48", "6, 10)", "6, 100)", "logits"),
    ("my_cnn_48", "6, 10),", "6, 10), nn.Softmax(1)", "softmax"),
    ("my_cnn_48", "6, 10),", "6, 10), nn.LogSoftmax(1)", "softmax"),
    ("my_cnn_48", "6, 10),", "6, 10), nn.ReLU()", "last_relu"),
    ("my_cnn_48", "6, 10),", "6, 10), nn.Sigmoid()", "sigmoid"),
    ("my_cnn_48", "nn.Sequential(", "nn.Sequental(", "raised"),
    ("my_cnn_48", "    return nn.Sequential(\n", "    return list(), (\n", "module"),
    ("my_cnn_48", "    return nn", "    nn", "nothing"),
    ("MyLinear", "nn.Parameter(torch.randn(n_in, n_out) / n_in**0.5)", "torch.randn(n_in, n_out) / n_in**0.5", "other_shapes"),
    ("MyLinear", "nn.Parameter(", "(", "lost"),
    ("MyLinear", "        self.bias = nn.Parameter(torch.zeros(n_out))\n\n    def forward(self, xb):\n        return xb @ self.weight + self.bias", "\n    def forward(self, xb):\n        return xb @ self.weight", "no_bias"),
    ("MyLinear", "torch.zeros(n_out)", "torch.zeros(n_in)", "raised"),
    ("MyLinear", "torch.zeros(n_out)", "torch.zeros(1)", "other_shapes"),
    ("MyLinear", "torch.randn(n_in, n_out) / n_in**0.5", "torch.zeros(n_in, n_out)", "alike"),
    ("MyLinear", "torch.randn(n_in, n_out) / n_in**0.5", "torch.rand(n_in, n_out) / n_in", "positive"),
    ("MyLinear", " / n_in**0.5", "", "large"),
    ("MyLinear", "torch.zeros(n_out))", "torch.zeros(n_out), requires_grad=False)", "frozen"),
    ("MyLinear", " + self.bias", "", "unused"),
    ("MyLinear", "self.weight + self.bias", "self.weight - self.bias", "minus"),
    ("MyLinear", "xb @ self.weight + self.bias", "torch.relu(xb @ self.weight + self.bias)", "relu"),
    ("MyLinear", "xb @ self.weight + self.bias", "(xb + 1) @ self.weight + self.bias", "result"),
    ("MyLinear", "self.weight + self.bias", "self.weight.data + self.bias", "cut"),
    ("MyLinear", "        return xb @ self.weight + self.bias", "        with torch.no_grad():\n            return xb @ self.weight + self.bias", "detached"),
    ("MyLinear", "xb @ self.weight + self.bias", "(xb @ self.weight + self.bias).sum(0)", "shape"),
    ("MyLinear", "class MyLinear(nn.Module)", "class MyLinear(object)", "module"),
    ("MyLinear", "        return xb", "        xb", "nothing"),
    ("MyScaler", "(xb - self.mean) / self.std", "(xb - self.mean) * self.std", "times"),
    ("MyScaler", "(xb - self.mean) / self.std", "(xb - self.std) / self.mean", "swapped"),
    ("MyScaler", "(xb - self.mean)", "xb - self.mean", "mean_only"),
    ("MyScaler", "(xb - self.mean) / self.std", "xb * self.std + self.mean", "back"),
    ("MyScaler", "(xb - self.mean)", "(xb + self.mean)", "plus"),
    ("MyScaler", "/ self.std", "/ self.std.sqrt()", "root"),
    ("MyScaler", "(xb - self.mean)", "xb", "no_mean"),
    ("MyScaler", " / self.std", "", "no_std"),
    ("MyScaler", "(xb - self.mean) / self.std", "(xb - xb.mean(0)) / xb.std(0)", "own"),
    ("MyScaler", "(xb - self.mean) / self.std", "(xb - self.mean) / (self.std + 1)", "result"),
    ("MyScaler", '("mean", mean)\n', '("mean_", mean)\n        self.mean = mean\n', "copied"),
    ("MyScaler", "(xb - self.mean) / self.std", "((xb - self.mean) / self.std).mean()", "shape"),
    ("MyScaler", "(xb - self.mean)", "xb.sub_(self.mean)", "changed"),
    ("MyScaler", 'self.register_buffer("mean", mean)\n        self.register_buffer("std", std)', "self.mean, self.std = mean, std", "lost"),
    ("MyScaler", 'self.register_buffer("std", std)', "self.std = std", "one"),
    ("MyScaler", 'self.register_buffer("mean", mean)', "self.mean = nn.Parameter(mean)", "trained"),
    ("MyScaler", 'self.register_buffer("mean", mean)', "self.mean = nn.Parameter(mean, requires_grad=False)", "trained"),
    ("MyScaler", '"mean", mean)', '"mean", mean.clone().requires_grad_())', "trained"),
    ("MyScaler", 'mean)\n        self.register_buffer("std", std)', 'mean, persistent=False)\n        self.register_buffer("std", std, persistent=False)', "unsaved"),
    ("MyScaler", '("mean", mean)\n', '("mean_", mean)\n        self.mean = mean.clone()\n', "copied"),
    ("MyScaler", "class MyScaler(nn.Module)", "class MyScaler(object)", "raised"),
    ("MyScaler", "        return (xb", "        (xb", "nothing"),
    ("MyScaler", 'register_buffer("std", std)', 'register_bufer("std", std)', "raised"),
    ("my_predict", "    model.eval()\n", "", "training"),
    ("my_predict", "    model.train(training)\n", "", "left_eval"),
    ("my_predict", "    model.train(training)\n", "    model.train()\n", "left_train"),
    ("my_predict", "    with torch.no_grad():\n        probs = model(picture[None]).softmax(dim=1)[0]\n    model.train(training)", "    probs = model(picture[None]).softmax(dim=1)[0]\n    model.train()", "left_train"),
    ("my_predict", "picture[None]).softmax(dim=1)[0]", "picture).softmax(dim=0)", "alone"),
    ("my_predict", "picture[None]", "picture[None, None]", "other_shape"),
    ("my_predict", "probs.argmax().item(), probs.max().item()", "probs.max().item(), probs.argmax().item()", "swapped"),
    ("my_predict", "probs.argmax().item(), probs.max().item()", "probs.argmax().item()", "two_things"),
    ("my_predict", "probs.max().item()", "probs", "numbers"),
    ("my_predict", ".softmax(dim=1)", "", "logit"),
    ("my_predict", ".softmax(dim=1)", ".log_softmax(dim=1)", "log"),
    ("my_predict", "softmax(dim=1)", "softmax(dim=0)", "one"),
    ("my_predict", "model(picture[None]).softmax(dim=1)[0]", "model(picture[None])[0]\n        return_one = probs.argmax(), probs[None].softmax(0).max()\n    model.train(training)\n    return return_one", "one"),
    ("my_predict", "probs.max().item()", "100 * probs.max().item()", "percent"),
    ("my_predict", ".softmax(dim=1)", ".sigmoid()", "sigmoid"),
    ("my_predict", "softmax(dim=1)[0]", "softmax(dim=1).softmax(dim=1)[0]", "twice"),
    ("my_predict", "model(picture[None]).softmax(dim=1)[0]", "model(picture[None])[0]\n        probs = probs / probs.sum()", "share"),
    ("my_predict", "probs.max().item()", "probs.mean().item()", "mean"),
    ("my_predict", "probs.max().item()", "probs.min().item()", "chance"),
    ("my_predict", "probs.argmax().item()", "probs.argmin().item()", "wrong_class"),
    ("my_predict", "    training = model.training\n", "    training = model.training\n    picture.mul_(2)\n", "changed"),
    ("my_predict", "        probs = model(picture[None]).softmax(dim=1)[0]\n", "        probs = picture.softmax(0)\n", "not_asked"),
    ("my_predict", "    return probs", "    probs", "nothing"),
    ("my_predict", "softmax(dim=1)", "softmax(dim=2)", "raised"),
    ("my_lr", "torch.tensor(", "torch.tensr(", "raised"),
    ("my_lr", "    for lr in lrs:\n        model = make_model()\n        model.load_state_dict(start)\n", "    model = make_model()\n    for lr in lrs:\n", "same_model"),
    ("my_lr", "        model.load_state_dict(start)\n", "", "start"),
    ("my_lr", "    start = make_model().state_dict()\n", "    torch.manual_seed(0)\n    start = {}\n", "raised"),
    ("my_lr", "        model.load_state_dict(start)\n", "        start = model.state_dict()\n        model.load_state_dict(start)\n", "start"),
    ("my_lr", ".nan_to_num(float(\"inf\"))", "", "nan"),
    ("my_lr", "lrs[torch.tensor(losses).nan_to_num(float(\"inf\")).argmin()]", "lrs[losses.index(min(losses))]", "nan"),
    ("my_lr", "lrs[torch.tensor(losses).nan_to_num(float(\"inf\")).argmin()]", "min(losses)", "loss"),
    ("my_lr", "lrs[torch.tensor(losses).nan_to_num(float(\"inf\")).argmin()]", "torch.tensor(losses).nan_to_num(9.0).argmin()", "place"),
    ("my_lr", "nan_to_num(float(\"inf\")).argmin", "nan_to_num(-1.0, -1.0).argmax", "highest"),
    ("my_lr", "lrs[torch.tensor(losses).nan_to_num(float(\"inf\")).argmin()]", "lr", "highest"),
    ("my_lr", "lrs[torch.tensor(losses).nan_to_num(float(\"inf\")).argmin()]", "lrs[-1] if losses[-1] < 2 else lrs[2]", "last"),
    ("my_lr", "lrs[torch.tensor(losses).nan_to_num(float(\"inf\")).argmin()]", "lrs[1]", "other"),
    ("my_lr", "for lr in lrs:", "for lr in lrs[1:]:", "untried"),
    ("my_lr", "    return lrs[", "    lrs[", "returned"),
    ("my_lr", "    return lrs[torch.tensor(losses).nan_to_num(float(\"inf\")).argmin()]", "    return losses", "number"),
    ("my_accumulate", "    for xb, yb in parts:\n", "    torch.set_grad_enabled(False)\n    for xb, yb in parts:\n", "raised"),
    ("my_accumulate", "    opt.step()\n", "", "stood"),
    ("my_accumulate", "/ total", "/ 256", "fixed"),
    ("my_accumulate", "        loss.backward()\n    opt.step()\n", "        loss.backward()\n        opt.step()\n", "steps"),
    ("my_accumulate", "    opt.step()\n    opt.zero_grad()", "    opt.zero_grad()\n    opt.step()", "stood"),
    ("my_accumulate", " * len(xb) / total", "", "sum"),
    ("my_accumulate", " * len(xb) / total", " / len(parts)", "unweighted"),
    ("my_accumulate", " * len(xb) / total", " * len(xb)", "large"),
    ("my_accumulate", "        loss = ", "        opt.zero_grad()\n        loss = ", "last"),
    ("my_accumulate", "        loss = loss_func(model(xb), yb) * len(xb) / total\n", "        opt.zero_grad()\n        loss = loss_func(model(xb), yb)\n", "last"),
    ("my_accumulate", "        loss.backward()\n    opt.step()\n    opt.zero_grad()", "        loss.backward()\n        opt.step()\n        opt.zero_grad()", "steps"),
    ("my_accumulate", " * len(xb) / total\n        loss.backward()\n    opt.step()\n    opt.zero_grad()", "\n        loss.backward()\n        opt.step()\n        opt.zero_grad()", "steps"),
    ("my_accumulate", "        loss.backward()\n", "    loss.backward()\n", "last"),
    ("my_accumulate", "    opt.zero_grad()\n", "", "left"),
    ("my_accumulate", "    for xb, yb in parts:\n        loss = loss_func(model(xb), yb) * len(xb) / total\n        loss.backward()\n", "    loss = sum(loss_func(model(xb), yb) * len(xb) / total for xb, yb in parts)\n    loss.backward()\n", "memory"),
    ("my_accumulate", "    for xb, yb in parts:\n        loss = loss_func(model(xb), yb) * len(xb) / total\n        loss.backward()\n", "    xb, yb = map(torch.cat, zip(*parts))\n    loss_func(model(xb), yb).backward()\n", "joined"),
    ("my_accumulate", "* len(xb) / total", "* len(xb) / (total + 1)", "other"),
    ("my_accumulate", "loss_func(model", "torch.nn.functional.cross_entropy(model", "own_loss"),
    ("my_clip", "grad *= most / norm", "grad = grad * most / norm", "stream"),
    ("my_clip", "    grads = [p.grad for p in params if p.grad is not None]\n", "    sum(p.grad.square().sum() for p in params)\n    grads = [torch.zeros(1), *(p.grad for p in params)]\n", "stream"),
    ("my_clip", "    grads = [p.grad for p in params if p.grad is not None]\n", "    params = list(params)\n    grads = [p.grad for p in params if p.grad is not None]\n    for p in params:\n        p.data *= 0.5\n", "weights"),
    ("my_clip", "            grad *= most / norm", "            grad *= min(1, most / grad.norm())", "each"),
    ("my_clip", "            grad *= most / norm", "            grad.clamp_(-most, most)", "clamped"),
    ("my_clip", "            grad *= most / norm", "            grad.clamp_(max=most)", "upper"),
    ("my_clip", "sum(grad.square().sum() for grad in grads).sqrt()", "sum(grad.norm() for grad in grads)", "sum"),
    ("my_clip", ".sqrt()", "", "root"),
    ("my_clip", "most / norm", "1 / norm", "unit"),
    ("my_clip", "sum(grad.square().sum() for grad in grads).sqrt()", "torch.cat([g.flatten() for g in grads]).square().mean().sqrt()", "mean"),
    ("my_clip", "sum(grad.square().sum() for grad in grads).sqrt()", "max(g.abs().max() for g in grads)", "largest"),
    ("my_clip", "sum(grad.square().sum() for grad in grads).sqrt()", "sum(g.sum() for g in grads)", "scaled"),
    ("my_clip", "    if norm > most:", "    if True:", "always"),
    ("my_clip", " if p.grad is not None", "", "unused"),
    ("my_clip", "    return norm", "    norm", "returned"),
    ("my_clip", "    return norm", "    return grads", "number"),
    ("my_clip", "    return norm", "    return sum(g.square().sum() for g in grads).sqrt()", "after"),
    ("my_clip", "    return norm", "    return most / norm", "norm"),
    ("my_clip", "square()", "sqare()", "raised"),
    ("my_mend", "    history = []\n    for _ in range(epochs):\n", "    for _ in range(epochs):\n        history = []\n", "one_pair"),
    ("my_mend", "    for _ in range(epochs):\n        model.train()\n", "    model.train()\n    for _ in range(epochs):\n", "mode"),
    ("my_mend", "            opt.zero_grad()\n", "", "piled"),
    ("my_mend", "losses += [loss.item()] * len(xb)", "losses.append(loss.item())", "unweighted"),
    ("my_mend", "with torch.no_grad():", "if True:", "recorded"),
    ("my_mend", "            opt.step()\n            opt.zero_grad()\n", "            opt.zero_grad()\n            opt.step()\n", "steps"),
    ("my_mend", "            opt.zero_grad()\n            losses += [loss.item()] * len(xb)\n", "            losses += [loss.item()] * len(xb)\n        opt.zero_grad()\n", "piled"),
    ("my_mend", "        model.eval()\n", "", "eval"),
    ("my_mend", "    return history", "        return history", "passes"),
    ("my_mend", "range(epochs)", "range(1)", "passes"),
    ("my_mend", "for _ in range(epochs):", "while True:", "endless"),
    ("my_mend", "    return history", "    history", "pairs"),
    ("my_mend", "        history.append((train_loss, total / count))", "        history.append(train_loss)", "pairs"),
    ("my_mend", "yb).item() * len(xb)", "yb).item()", "validation"),
    ("my_mend", "losses += [loss.item()] * len(xb)", "losses += [loss.item() * len(xb)]", "training"),
    ("my_mend", "opt.step()", "opt.stop()", "raised"),
    ("my_stop", "        train(model)\n", "", "untrained"),
    ("my_stop", "        loss = valid_loss(model)\n", "        loss = 1.0\n", "unasked"),
    ("my_stop", "        if waited == patience:\n            break\n", "", "never"),
    ("my_stop", "            waited += 1\n", "            break\n", "first_rise"),
    ("my_stop", "best, waited = loss, 0\n", "best, waited = loss, 0 if best > 9 else waited\n", "in_all"),
    ("my_stop", "waited == patience", "waited == patience - 1", "early"),
    ("my_stop", "waited == patience", "waited > patience", "late"),
    ("my_stop", "            break\n", "            return best\n", "last"),
    ("my_stop", "    model.load_state_dict(kept)\n", "", "last"),
    ("my_stop", "{name: t.clone() for name, t in model.state_dict().items()}", "model.state_dict()", "shared"),
    ("my_stop", "{name: t.clone() for name, t in model.state_dict().items()}", "dict(model.state_dict())", "shared"),
    ("my_stop", "{name: t.clone() for name, t in model.state_dict().items()}", "model.state_dict().copy()", "shared"),
    ("my_stop", "loss < best", "loss <= best", "late"),
    ("my_stop", "            kept = {", "            if waited == 0 and best > 3.9: kept = {", "other"),
    ("my_stop", "            waited += 1\n", "            waited += 1\n            if loss == best: kept = {name: t.clone() for name, t in model.state_dict().items()}\n", "ties"),
    ("my_stop", "    return best", "    best", "returned"),
    ("my_stop", "    return best", "    return [best]", "number"),
    ("my_stop", "    return best", "    return model", "number"),
    ("my_stop", "    return best", "    return loss", "returned_last"),
    ("my_stop", "    return best", "    return waited + 1", "returned_other"),
    ("my_stop", "for _ in range(most):", "while True:", "most"),
    ("my_stop", "range(most)", "range(7)", "epochs"),
    ("my_stop", "range(most)", "range(patience)", "as_most"),
    ("MyLinear", "/ n_in**0.5", "/ n_in", "small"),
    ("MyLinear", "        self.weight", "        torch.manual_seed(0)\n        self.weight", "seed"),
    ("MyFolder", "int(", "float(", "float_label"),
    ("my_stop", "        train(model)\n        loss = valid_loss(model)\n", "        loss = valid_loss(model)\n        train(model)\n", "asked_first"),
    ("my_stop", "    for _ in range(most):\n        train(model)\n", "    train(model)\n    for _ in range(most):\n", "trained_once"),
    ("my_stop", "train(model)", "train(__import__('copy').deepcopy(model))", "stood"),
    ("my_predict", "probs.max().item()", "round(probs.max().item(), 2)", "rounded"),
    ("my_fit", "loss_func(model(xb), yb)", "loss_func(model(xb).softmax(1), yb)", "altered"),
    ("my_fit", "    history = []\n", "    history, train_dl = [], list(train_dl)\n", "listed"),
    ("my_fit", "                count += len(xb)\n        history", "                count += len(xb)\n                opt.step()\n        history", "valid_step"),
    ("my_fit", "            loss.backward()\n", "            loss.backward(retain_graph=True)\n            loss.backward()\n", "backward_twice"),
    ("my_stop", "range(most)", "range(most + 1)", "most"),
    ("my_stop", "waited = loss", "waitd = loss", "raised"),
    ("MyFolder", 'sorted(folder.glob("*.pt"))', "sorted(folder.iterdir())", "others"),
    ("MyFolder", "len(self.paths)", "len(self.paths) - 1", "length"),
    ("MyFolder", "len(self.paths)", "self.paths.__sizeof__()", "length"),
    ("MyFolder", ', int(path.stem.split("_")[0])', "", "both"),
    ("MyFolder", 'self.transform(torch.load(path)), int(path.stem.split("_")[0])', 'int(path.stem.split("_")[0]), self.transform(torch.load(path))', "swapped"),
    ("MyFolder", 'int(path.stem.split("_")[0])', 'path.stem.split("_")[0]', "text"),
    ("MyFolder", "self.transform(torch.load(path))", "torch.load(path)", "raw"),
    ("MyFolder", 'int(path.stem.split("_")[0])', "int(path.stem)", "whole"),
    ("MyFolder", 'int(path.stem.split("_")[0])', "int(path.stem[0])", "digit"),
    ("MyFolder", 'split("_")[0]', 'split("_")[1]', "number"),
    ("MyFolder", 'int(path.stem.split("_")[0])', "i", "place"),
    ("MyFolder", "path = self.paths[i]", "path = self.paths[0]", "same"),
    ("MyFolder", 'glob("*.pt"))', 'glob("*.pt"), reverse=True)', "order"),
    ("MyFolder", "self.transform(torch.load(path))", "self.transform(torch.load(path) // 2)", "picture"),
    ("MyFolder", 'int(path.stem.split("_")[0])', 'int(self.paths[i - 1].stem.split("_")[0])', "label"),
    ("MyFolder", "        return len", "        len", "nothing"),
    ("MyFolder", "        return self.transform", "        self.transform", "nothing"),
    ("MyFolder", "self.transform(torch", "transform(torch", "raised"),
    ("MyFolder", "__getitem__", "__get_item__", "unfit"),
]  # fmt: skip

WRITTEN = rows("""
# MyFolder: eager
class MyFolder:
    def __init__(self, folder, transform):
        paths = sorted(folder.glob("*.pt"))
        self.items = [(transform(torch.load(p)), int(p.stem.split("_")[0])) for p in paths]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]
# my_mend: nothing
def my_mend(*given):
    ...
# my_stop: endless
def my_stop(model, train, valid_loss, patience, most):
    while True:
        train(model)
        if valid_loss(model) < 0:
            return 0.0
# my_stop: end
def my_stop(model, train, valid_loss, patience, most):
    best, waited, kept = float("inf"), 0, None
    for epoch in range(most):
        train(model)
        loss = valid_loss(model)
        if loss < best:
            best, waited = loss, 0
            if epoch + 1 < most:
                kept = {k: v.clone() for k, v in model.state_dict().items()}
        else:
            waited += 1
            if waited >= patience:
                break
    model.load_state_dict(kept)
    return best
# my_stop: early
def my_stop(model, train, valid_loss, patience, most):
    best, bad = 99.0, 0
    for _ in range(most):
        train(model)
        loss = valid_loss(model)
        bad = 0 if loss < best else bad + 1
        best = min(best, loss)
        if bad > 1:
            break
    return best
# MyLinear: ready
class MyLinear(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.lin = nn.Linear(n_in, n_out)

    def forward(self, xb):
        return self.lin(xb)
# MyScaler: module
def MyScaler(mean, std):
    return lambda xb: (xb - mean) / std
# my_fit: kept
def my_fit(epochs, model, loss_func, opt, train_dl, valid_dl):
    losses, valid, history = [], [], []
    for _ in range(epochs):
        model.train()
        for xb, yb in train_dl:
            loss = loss_func(model(xb), yb)
            loss.backward()
            opt.step()
            opt.zero_grad()
            losses += [loss.item()] * len(xb)
        model.eval()
        with torch.no_grad():
            for xb, yb in valid_dl:
                valid += [loss_func(model(xb), yb).item()] * len(xb)
        history.append((sum(losses) / len(losses), sum(valid) / len(valid)))
    return history
# my_fit: valid_once
def my_fit(epochs, model, loss_func, opt, train_dl, valid_dl):
    history = []
    model.train()
    for _ in range(epochs):
        total = 0
        for xb, yb in train_dl:
            loss = loss_func(model(xb), yb)
            loss.backward()
            opt.step()
            opt.zero_grad()
            total += loss.item() * len(xb)
        history.append(total / len(train_dl.dataset))
    model.eval()
    with torch.no_grad():
        total = sum(loss_func(model(xb), yb).item() * len(xb) for xb, yb in valid_dl)
    return [(loss, total / len(valid_dl.dataset)) for loss in history]
# my_fit: no_valid
def my_fit(epochs, model, loss_func, opt, train_dl, valid_dl):
    model.train()
    for _ in range(epochs):
        for xb, yb in train_dl:
            loss = loss_func(model(xb), yb)
            loss.backward()
            opt.step()
            opt.zero_grad()
# my_fit: each
def my_fit(epochs, model, loss_func, opt, train_dl, valid_dl):
    model.train()
    for _ in range(epochs):
        total = 0
        for xb, yb in train_dl:
            total = total + loss_func(model(xb), yb)
        total.backward()
        opt.step()
        opt.zero_grad()
        model.eval()
        with torch.no_grad():
            valid = [loss_func(model(xb), yb) for xb, yb in valid_dl]
        model.train()
# my_fit: valid_often
def my_fit(epochs, model, loss_func, opt, train_dl, valid_dl):
    for _ in range(epochs):
        for xb, yb in train_dl:
            model.train()
            loss = loss_func(model(xb), yb)
            loss.backward()
            opt.step()
            opt.zero_grad()
            model.eval()
            with torch.no_grad():
                valid = [loss_func(model(xb), yb) for xb, yb in valid_dl]
# my_fit: before
def my_fit(epochs, model, loss_func, opt, train_dl, valid_dl):
    for _ in range(epochs):
        model.eval()
        with torch.no_grad():
            valid = [loss_func(model(xb), yb) for xb, yb in valid_dl]
        model.train()
        for xb, yb in train_dl:
            loss = loss_func(model(xb), yb)
            loss.backward()
            opt.step()
            opt.zero_grad()
# my_fit: apart
def my_fit(epochs, model, loss_func, opt, train_dl, valid_dl):
    model.train()
    for _ in range(epochs):
        for xb, yb in train_dl:
            loss = loss_func(model(xb), yb)
            loss.backward()
            opt.step()
            opt.zero_grad()
    model.eval()
    with torch.no_grad():
        for _ in range(epochs):
            valid = [loss_func(model(xb), yb) for xb, yb in valid_dl]
# my_fit: idle
def my_fit(epochs, model, loss_func, opt, train_dl, valid_dl):
    history = []
""")

ALSO_RIGHT = [
    ("my_predict", "with torch.no_grad():", "if True:"),
    ("my_predict", "    with torch.no_grad():\n        probs = model(picture[None]).softmax(dim=1)[0]\n    model.train(training)\n    return probs.argmax().item(), probs.max().item()", "    probs = model(picture[None]).softmax(dim=1)[0]\n    model.train(training)\n    return probs.argmax(), probs.max()"),
    ("MyScaler", "mean\", mean)", "mean\", torch.tensor(float(mean)))"),
    ("my_fit", "count += len(xb)\n        history", "pass\n        count = sum(len(xb) for xb, _ in valid_dl)\n        history"),
    ("my_fit", "        train_loss = total / count\n", "        train_loss = total / len(train_dl.dataset)\n"),
    ("MyFolder", "class MyFolder:", "class MyFolder(torch.utils.data.Dataset):"),
    ("MyFolder", 'int(path.stem.split("_")[0])', 'int(path.name.partition("_")[0])'),
    ("MyFolder", 'int(path.stem.split("_")[0])', 'torch.tensor(int(path.stem.split("_")[0]))'),
    ("MyFolder", 'return self.transform(torch.load(path)), int(path.stem.split("_")[0])', 'return [self.transform(torch.load(path).double()), int(path.stem.split("_")[0])]'),
    ("MyFolder", 'sorted(folder.glob("*.pt"))', '[p for p in sorted(folder.iterdir()) if p.suffix == ".pt"]'),
    ("my_lr", "    start = make_model().state_dict()\n    losses = []\n    for lr in lrs:\n        model = make_model()\n        model.load_state_dict(start)\n", "    losses = []\n    for lr in lrs:\n        torch.manual_seed(1)\n        model = make_model()\n"),
    ("my_lr", "    return lrs[torch.tensor(losses).nan_to_num(float(\"inf\")).argmin()]", "    losses = np.nan_to_num(losses, nan=np.inf)\n    return np.array(lrs)[losses.argmin()]"),
    ("my_lr", "lrs[torch.tensor(losses).nan_to_num(float(\"inf\")).argmin()]", "lrs[np.nanargmin(losses)]"),
    ("my_lr", "lrs[torch.tensor(losses).nan_to_num(float(\"inf\")).argmin()]", "torch.tensor(lrs)[torch.tensor(losses).nan_to_num(float(\"inf\")).argmin()]"),
    ("my_lr", "for lr in lrs:\n        model = make_model()", "for model, lr in zip([make_model() for _ in lrs], lrs):\n"),
    ("my_accumulate", "loss_func(model(xb), yb) * len(xb) / total", "len(yb) / total * loss_func(model(xb), yb)"),
    ("my_accumulate", "    total = ", "    opt.zero_grad()\n    total = "),
    ("my_accumulate", "opt.zero_grad()", "for p in model.parameters():\n        p.grad = None"),
    ("my_accumulate", "        loss = loss_func(model(xb), yb) * len(xb) / total\n        loss.backward()", "        loss_func(model(xb), yb).backward(torch.tensor(len(xb) / total))"),
    ("my_accumulate", "loss_func(model(xb), yb) * len(xb) / total\n        loss.backward()\n", "loss_func(model(xb), yb) * len(xb)\n        loss.backward()\n    for p in model.parameters():\n        p.grad /= total\n"),
    ("my_clip", "grad *= most / norm", "grad.mul_(most).div_(norm)"),
    ("my_clip", "sum(grad.square().sum() for grad in grads).sqrt()", "torch.cat([g.flatten() for g in grads]).norm()"),
    ("my_clip", "sum(grad.square().sum() for grad in grads).sqrt()", "torch.stack([g.norm() for g in grads]).norm().item()"),
    ("my_clip", "sum(grad.square().sum() for grad in grads).sqrt()", "sum((g.double() ** 2).sum() for g in grads) ** 0.5"),
    ("my_clip", "    if norm > most:\n        for grad in grads:\n            grad *= most / norm", "    for grad in grads:\n        grad *= min(1, most / (norm + 1e-6))"),
    ("my_mend", "history = []\n    for _ in", "model.train()\n    history = []\n    for epoch in"),
    ("my_mend", "losses += [loss.item()] * len(xb)\n        train_loss = sum(losses) / len(losses)", "losses.append(loss.item() * len(xb))\n        train_loss = sum(losses) / len(train_dl.dataset)"),
    ("my_mend", "            loss = loss_func(model(xb), yb)\n            loss.backward()\n            opt.step()\n            opt.zero_grad()\n", "            opt.zero_grad()\n            loss = loss_func(model(xb), yb)\n            loss.backward()\n            opt.step()\n"),
    ("my_mend", "    return history", "    return np.array(history)"),
    ("my_mend", "with torch.no_grad():", "with torch.inference_mode():"),
    ("my_stop", "{name: t.clone() for name, t in model.state_dict().items()}", "__import__('copy').deepcopy(model.state_dict())"),
    ("my_stop", "waited == patience", "waited >= patience"),
    ("my_stop", "    return best", "    return valid_loss(model)"),
    ("my_predict", "picture[None]", "torch.stack([picture, picture])"),
    ("my_stop", "    best = float(\"inf\")\n", "    best, waited = torch.inf, 0\n"),
    ("my_stop", "    return best", "    return torch.tensor(best)"),
    ("my_size", "(size + 2 * padding - kernel) // stride + 1", "int((size + 2 * padding - kernel) / stride) + 1"),
    ("my_size", "(size + 2 * padding - kernel) // stride + 1", "(size + 2 * padding - kernel + stride) // stride"),
    ("my_size", "(size + 2 * padding - kernel) // stride + 1", "len(range(0, size + 2 * padding - kernel + 1, stride))"),
    ("my_size", "(size + 2 * padding - kernel) // stride + 1", "torch.tensor((size + 2 * padding - (kernel - 1) - 1) / stride + 1).floor()"),
    ("my_size", "(size + 2 * padding - kernel) // stride + 1", "F.conv1d(torch.zeros(1, 1, size), torch.zeros(1, 1, kernel), stride=stride, padding=padding).shape[-1]"),
    ("my_size", "size, kernel, stride, padding):\n    return (size + 2 * padding - kernel) // stride + 1", "n, k, s, p):\n    return np.floor((n + p + p - k) / s) + 1"),
    ("my_cnn_48", "nn.Linear(64 * 6 * 6, 10)", "nn.LazyLinear(10)"),
    ("my_cnn_48", "64", "128"),
    ("my_cnn_48", "        nn.Flatten(),\n        nn.Linear(64 * 6 * 6, 10),\n    )", "        nn.AdaptiveAvgPool2d(1),\n        nn.Flatten(),\n        nn.Linear(64, 10),\n    )"),
    ("my_cnn_48", "nn.Linear(64 * 6 * 6, 10),\n    )", "nn.Linear(64 * 6 * 6, 50), nn.ReLU(), nn.Linear(50, 10)\n    ).double()"),
    ("MyLinear", "torch.randn(n_in, n_out) / n_in**0.5", "(torch.rand(n_in, n_out) - 0.5) / n_in**0.5"),
    ("MyLinear", "torch.zeros(n_out)", "torch.randn(1, n_out)"),
    ("MyLinear", "torch.randn(n_in, n_out) / n_in**0.5", "torch.randn(n_in, n_out, dtype=torch.float64) * n_in**-0.5"),
    ("MyLinear", "xb @ self.weight + self.bias", "torch.addmm(self.bias, xb, self.weight)"),
    ("MyLinear", "xb @ self.weight + self.bias", "torch.einsum('ni,io->no', xb, self.weight) + self.bias[None]"),
    ("MyLinear", "xb @ self.weight + self.bias", "F.linear(xb, self.weight.T, self.bias)"),
    ("MyLinear", "self.bias = nn.Parameter(torch.zeros(n_out))", "self.register_parameter('bias', nn.Parameter(torch.zeros(n_out)))"),
    ("MyScaler", 'self.register_buffer("mean", mean)', "self.mean = nn.Buffer(mean)"),
    ("MyScaler", '"mean", mean)', '"mean", mean.double())'),
    ("MyScaler", '"std", std)', '"std", std.detach().clone())'),
    ("MyScaler", "(xb - self.mean) / self.std", "torch.div(torch.sub(xb, self.mean), self.std)"),
    ("MyScaler", "mean, std):\n        super().__init__()\n", "m, s):\n        super().__init__()\n        mean, std = m, s\n"),
    ("my_predict", "picture[None]", "picture.unsqueeze(0)"),
    ("my_predict", "with torch.no_grad():", "with torch.inference_mode():"),
    ("my_predict", "probs.argmax().item(), probs.max().item()", "[probs.argmax(), probs.max()]"),
    ("my_predict", "softmax(dim=1)[0]", "double().softmax(dim=-1).squeeze()"),
    ("my_predict", "    return probs.argmax().item(), probs.max().item()", "    chance, best = probs.max(0)\n    return int(best), float(chance)"),
    ("my_predict", "softmax(dim=1)[0]", "log_softmax(1).exp().numpy()[0]"),
    ("my_predict", "    return probs.argmax().item(), probs.max().item()", "    return torch.tensor([probs.argmax(), probs.max()])"),
    ("my_order", "6, 4, 1, 9", "9, 6, 4, 1"),
    ("my_order", "6, 4, 1, 9", "6, 9, 4, 1"),
    ("my_order", "[3, 7, 10, 6, 4, 1, 9, 2, 5, 8]", "3, 7, 10, 6, 4, 1, 9, 2, 5, 8"),
    ("my_order", "[3, 7, 10, 6, 4, 1, 9, 2, 5, 8]", "'3 7 10 9 6 4 1 2 5 8'.split()"),
    ("my_order", "[3, 7, 10, 6, 4, 1, 9, 2, 5, 8]", "torch.tensor([3, 7, 10, 6, 4, 1, 9, 2, 5, 8])"),
    ("my_order", "[3, 7, 10, 6, 4, 1, 9, 2, 5, 8]", "np.array([3, 7, 10, 6, 4, 1, 9, 2, 5, 8.0])"),
    ("my_order", "[3, 7, 10, 6, 4, 1, 9, 2, 5, 8]", "[3, 7] + [10, 6, 4, 1, 9] + [2, 5, 8]"),
    ("my_fit", "            loss = loss_func", "            opt.zero_grad()\n            loss = loss_func"),
    ("my_fit", "opt.zero_grad()", "model.zero_grad()"),
    ("my_fit", "opt.zero_grad()", "opt.zero_grad(set_to_none=False)"),
    ("my_fit", "            opt.zero_grad()\n", "            for p in model.parameters():\n                p.grad = None\n"),
    ("my_fit", "with torch.no_grad():", "with torch.inference_mode():"),
    ("my_fit", "model.eval()", "model.train(False)"),
    ("my_fit", "    return history", "    return tuple(history)"),
    ("my_fit", "    return history", "    return torch.tensor(history)"),
    ("my_fit", "    return history", "    return np.array(history, dtype=np.float32)"),
    ("my_fit", "(train_loss, total / count)", "[train_loss, total / count]"),
    ("my_fit", "total += loss.item() * len(xb)", "total += loss.detach() * len(xb)"),
    ("my_fit", "yb).item() * len(xb)", "yb).double() * xb.shape[0]"),
    ("my_fit", "total / count\n\n", "total / len(train_dl.dataset)\n\n"),
    ("my_fit", "        history.append(", "        print(train_loss)\n        history.append("),
    ("my_fit", "epochs, model, loss_func, opt, train_dl, valid_dl):", "epochs, net, loss, optimizer, dl, val_dl):\n    model, loss_func, opt, train_dl, valid_dl = net, loss, optimizer, dl, val_dl"),
]  # fmt: skip

WRITTEN_RIGHT = rows("""
# my_lr
def my_lr(lrs, make_model, train):
    model, best = make_model(), (float("inf"), None)
    start = {name: t.clone() for name, t in model.state_dict().items()}
    for lr in lrs:
        model.load_state_dict(start)
        loss = train(model, lr)
        if loss < best[0]:
            best = loss, lr
    return best[1]
# my_stop
def my_stop(model, train, valid_loss, patience, most):
    history, weights = [], []
    while len(history) < most:
        train(model)
        history.append(valid_loss(model))
        weights.append([p.detach().clone() for p in model.parameters()])
        if len(history) - 1 - np.argmin(history) >= patience:
            break
    best = int(np.argmin(history))
    with torch.no_grad():
        for p, w in zip(model.parameters(), weights[best]):
            p.copy_(w)
    return history[best]
# MyLinear
class MyLinear(nn.Module):
    def __init__(self, n_in, n_out):
        nn.Module.__init__(self)
        self.all = nn.ParameterList([torch.empty(n_out, n_in), torch.ones(n_out)])
        nn.init.kaiming_uniform_(self.all[0])

    def forward(self, inputs):
        weight, bias = self.all
        return inputs.matmul(weight.t()) + bias
# MyScaler
class MyScaler(nn.Module):
    def __init__(self, mean, std):
        super().__init__()
        for name, value in zip("ab", (mean, 1 / std)):
            self.register_buffer(name, value)

    def forward(self, xb):
        return self.b * (xb - self.a)
# my_predict
def my_predict(net, image):
    was = net.training
    try:
        net.train(False)
        with torch.no_grad():
            exps = net(image.reshape(1, -1)).exp()
    finally:
        net.train(was)
    probs = (exps / exps.sum()).flatten().tolist()
    best = max(range(len(probs)), key=probs.__getitem__)
    return best, probs[best]
# my_fit
def epoch_of(model, loss_func, dl, opt=None):
    results = []
    for xb, yb in dl:
        loss = loss_func(model(xb), yb)
        if opt:
            opt.zero_grad()
            loss.backward()
            opt.step()
        results.append((loss.item(), len(yb)))
    losses, sizes = map(np.array, zip(*results))
    return (losses * sizes).sum() / sizes.sum()


def my_fit(epochs, model, loss_func, opt, train_dl, valid_dl):
    def epoch():
        model.train()
        train = epoch_of(model, loss_func, train_dl, opt)
        model.eval()
        with torch.no_grad():
            return train, epoch_of(model, loss_func, valid_dl)

    return [epoch() for _ in range(epochs)]
# my_fit
class Fit:
    def __call__(self, epochs, model, loss_func, opt, train_dl, valid_dl):
        pairs = torch.zeros(epochs, 2, dtype=torch.float64)
        for pair in pairs:
            for place, dl in enumerate((train_dl, valid_dl)):
                training = dl is train_dl
                model.train(training)
                for xb, yb in dl:
                    with torch.set_grad_enabled(training):
                        loss = loss_func(model(xb), yb)
                    if training:
                        def closure():
                            return loss

                        opt.zero_grad()
                        loss.backward()
                        opt.step(closure)
                    pair[place] += loss.item() * len(xb) / len(dl.dataset)
        return pairs


my_fit = Fit()
""")
