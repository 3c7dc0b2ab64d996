"""``torch.nn`` built from NumPy alone: there to be read, not to be used.

It has no dependency but NumPy. Every name means what it means in PyTorch, and a test holds each
piece against the real one: tensors that record (:class:`torch.Tensor`), modules that find their
weights (:class:`torch.nn.Module`), layers, optimizers, data sets and loaders. No GPU, no second
derivatives, and next to no guards: what PyTorch refuses goes through here more than once.

The way in which a tensor remembers is that of Karpathy's micrograd (2020), taken from single
numbers to arrays.
"""

from itertools import count, islice

import numpy as np

__all__ = [
    "SGD",
    "AdamW",
    "BatchNorm2d",
    "Conv2d",
    "DataLoader",
    "Dropout",
    "Flatten",
    "Linear",
    "Module",
    "ModuleList",
    "Optimizer",
    "Parameter",
    "RandomSampler",
    "ReLU",
    "Sequential",
    "Tensor",
    "TensorDataset",
    "cross_entropy",
    "default_collate",
    "log_softmax",
    "manual_seed",
    "no_grad",
    "operation",
    "rand",
    "unbroadcast",
    "unfold",
]

births = count()
generator = np.random.RandomState()  # the Mersenne Twister that torch draws from, too


class no_grad:
    """Compute without recording: what is done in ``with no_grad():`` leaves no trace."""

    recording = True

    def __enter__(self):
        self.before, no_grad.recording = no_grad.recording, False

    def __exit__(self, *error):
        no_grad.recording = self.before


def operation(forward, *shares):
    """Make an operation on tensors from one on arrays.

    Parameters
    ----------
    forward : callable
        Takes arrays, returns an array.
    *shares : callable
        One for each argument that can have a gradient. Each gets the gradient of the result, the
        result, and all that `forward` got, and returns the gradient times the derivative for its
        argument: an array of the argument's shape, or of one to which it was broadcast.

    Returns
    -------
    callable
        Takes tensors (or numbers) in place of arrays, returns a :class:`Tensor` that knows how
        to hand its gradient on.
    """

    def call(*args, **options):
        arrays = [a.data if isinstance(a, Tensor) else a for a in args]
        out = np.asarray(forward(*arrays, **options))
        pairs = zip(args, shares, strict=False)
        inputs = [(a, s) for a, s in pairs if isinstance(a, Tensor) and a.requires_grad]

        def grad_fn(g):
            return [(a, share(g, out, *arrays, **options)) for a, share in inputs]

        return Tensor(out, grad_fn=grad_fn if inputs and no_grad.recording else None)

    return call


def unbroadcast(g, shape):
    """Add up what belongs to the same number: the way back from broadcasting.

    Parameters
    ----------
    g : ndarray
        Gradient of a result.
    shape : tuple of int
        Of the argument that was broadcast to it.

    Returns
    -------
    ndarray of that shape
        A number that was used many times gets the sum of all its shares.
    """
    full = (1,) * (g.ndim - len(shape)) + tuple(shape)
    return g.sum(tuple(i for i, n in enumerate(full) if n == 1)).reshape(shape)


def spread(g, y, a, axis=None, keepdims=False):
    """Hand the gradient of a sum to every number that went into it: the shape of `a`."""
    g = g if keepdims or axis is None else np.expand_dims(g, axis)
    return np.broadcast_to(g, a.shape)


def put(g, y, a, index):
    """Put the gradient of picked numbers in their places; one picked twice gets both."""
    share = np.zeros_like(a)
    np.add.at(share, index, g)
    return share


class Comfort:
    """What makes a tensor comfortable to use: other names and forms for what it can do."""

    __array_ufunc__ = None  # so that NumPy leaves array * tensor to us
    shape = property(lambda self: self.data.shape)

    def __len__(self):
        return len(self.data)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.data, dtype=dtype, copy=copy)

    def __repr__(self):
        return f"tensor({np.array2string(self.data, precision=4, separator=', ')})"

    def sum(self, dim=None, keepdim=False):
        """Sum over one dimension, a tuple of them, or all."""
        return self.add_up(axis=dim, keepdims=keepdim)

    def mean(self, dim=None, keepdim=False):
        """Mean over one dimension, a tuple of them, or all."""
        sums = self.sum(dim, keepdim)
        return sums / (self.data.size // sums.data.size)

    def reshape(self, *shape):
        """Give the same numbers another shape; -1 stands for what is left."""
        return self.shaped(shape)

    def detach(self):
        """Return a tensor of the same memory that remembers nothing."""
        return Tensor(self.data)

    def item(self):
        """Return the only number as Python's own."""
        return self.data.item()

    def zero_(self):
        """Set all numbers to zero, in place."""
        self.data[...] = 0


class Tensor(Comfort):
    """An array that remembers what it was made from.

    Parameters
    ----------
    data : array_like
        Its numbers; an array is taken as it is, not copied.
    requires_grad : bool, default False
        Whether ``backward`` is to leave a gradient here.
    grad_fn : callable, optional
        Given by :func:`operation`: takes the gradient of this tensor, an array of its shape, and
        returns a list of (input, share of the gradient).

    Attributes
    ----------
    grad : Tensor | None
        Of the same shape; ``backward`` adds to it. Only leaves get one: tensors that no recorded
        operation made.
    """

    # Each share is made of g, the gradient of the result y, and of what the operation got.
    __add__ = operation(np.add, lambda g, y, a, b: g, lambda g, y, a, b: g)
    __sub__ = operation(np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g)
    __mul__ = operation(np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)
    __truediv__ = operation(
        np.divide, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b
    )
    __matmul__ = operation(
        np.matmul, lambda g, y, a, b: g @ b.mT, lambda g, y, a, b: a.mT @ g
    )
    __rsub__ = operation(lambda a, k: k - a, lambda g, y, a, k: -g)
    __rtruediv__ = operation(lambda a, k: k / a, lambda g, y, a, k: -g * y / a)
    __neg__ = operation(np.negative, lambda g, y, a: -g)
    __pow__ = operation(np.power, lambda g, y, a, k: g * k * a ** (k - 1))
    exp = operation(np.exp, lambda g, y, a: g * y)
    log = operation(np.log, lambda g, y, a: g / a)
    relu = operation(lambda a: np.maximum(a, 0), lambda g, y, a: g * (a > 0))
    add_up = operation(np.sum, spread)
    shaped = operation(np.reshape, lambda g, y, a, shape: g.reshape(a.shape))
    T = property(operation(np.transpose, lambda g, y, a: g.T))
    __getitem__ = operation(lambda a, index: a[index], put)
    __radd__, __rmul__ = __add__, __mul__

    def __init__(self, data, requires_grad=False, grad_fn=None):
        self.data, self.grad, self.grad_fn = np.asarray(data), None, grad_fn
        self.requires_grad = requires_grad or grad_fn is not None
        self.age = next(births)

    def backward(self):
        """Give every leaf the gradient of this tensor, or of its sum if it has many numbers."""
        waiting = {self: np.ones_like(self.data)}
        while waiting:
            tensor = max(waiting, key=lambda t: t.age)  # it has all its shares
            g = waiting.pop(tensor)
            if tensor.grad_fn is None:
                tensor.grad = Tensor(g if tensor.grad is None else tensor.grad.data + g)
            else:
                for a, share in tensor.grad_fn(g):
                    waiting[a] = waiting.get(a, 0) + unbroadcast(share, a.shape)

    def __isub__(self, other):
        if self.requires_grad and no_grad.recording:
            if self.grad_fn is not None:
                return self - other
            raise RuntimeError("a leaf that requires grad changes in place: no_grad()")
        self.data -= np.asarray(other)
        return self


def manual_seed(seed):
    """Begin the random numbers anew, at the place where PyTorch begins them for that seed."""
    generator.seed(seed)


def rand(*shape):
    """Draw uniform numbers from [0, 1), the very ones that :func:`torch.rand` draws: float32.

    A float32 has room for 24 bits: so many of the 32 that are drawn are kept, as a fraction.
    """
    bits = generator.randint(0, 2**32, size=shape, dtype=np.uint32) & 0xFFFFFF
    return Tensor((bits * 2.0**-24).astype(np.float32))


def log_softmax(x, dim=1):
    """Logarithm of the softmax, safe for large logits: (n, classes) to (n, classes)."""
    x = x - x.data.max(dim, keepdims=True)
    return x - x.exp().sum(dim, keepdim=True).log()


def cross_entropy(x, target):
    """Mean negative log-likelihood of the true classes.

    Parameters
    ----------
    x : (n, classes) float Tensor
        Logits.
    target : (n,) int Tensor
        The true classes.

    Returns
    -------
    () float Tensor
        In nats.
    """
    return -log_softmax(x)[np.arange(len(x)), target.data].mean()


class Parameter(Tensor):
    """A tensor that a module trains."""

    def __init__(self, data):
        super().__init__(data, requires_grad=True)


class Loading:
    """How numbers from elsewhere come into a module, and how it becomes float64."""

    def load_state_dict(self, state):
        """Copy numbers into the module's own memory.

        Raises
        ------
        RuntimeError
            If the names differ, or a shape does.
        """
        sizes = [{(k, np.shape(s[k])) for k in s} for s in (self.state_dict(), state)]
        if odd := sizes[0] ^ sizes[1]:
            raise RuntimeError(f"missing, unexpected or misshapen: {sorted(odd)}")
        for name, tensor in self.state_dict().items():
            tensor.data[...] = state[name]

    def double(self):
        """Make all that is fractional a float64."""
        for _, tensor in self.named("_parameters", "_buffers"):
            if tensor.data.dtype.kind == "f":
                tensor.data = tensor.data.astype(np.float64)
        return self


class Module(Loading):
    """What has weights: it keeps parameters, buffers and modules in three dictionaries.

    A subclass calls ``super().__init__()`` first, then assigns its parts as attributes, and says
    in ``forward`` what it computes.
    """

    def __init__(self):
        self._parameters, self._buffers, self._modules = {}, {}, {}
        self._forward_hooks, self.training = [], True

    def __setattr__(self, name, value):
        if isinstance(value, Parameter):
            self._parameters[name] = value
        if isinstance(value, Module):
            self._modules[name] = value
        super().__setattr__(name, value)

    def register_buffer(self, name, tensor):
        """Keep a tensor that is saved with the module, and not trained."""
        self._buffers[name] = tensor
        super().__setattr__(name, tensor)

    def named(self, *drawers, prefix=""):
        """Yield (name with dots, tensor) of these dictionaries, those of the children last."""
        for drawer in drawers:
            for name, tensor in vars(self)[drawer].items():
                yield prefix + name, tensor
        for name, child in self._modules.items():
            yield from child.named(*drawers, prefix=f"{prefix}{name}.")

    def parameters(self):
        """Yield the parameters, each once, though it may have several names."""
        return iter({p: name for name, p in self.named("_parameters")})

    def state_dict(self):
        """Map names to parameters and buffers; they share the module's memory."""
        return {name: t.detach() for name, t in self.named("_parameters", "_buffers")}

    def train(self, mode=True):
        """Tell this module and all below it whether it is being trained."""
        self.training = mode
        for child in self._modules.values():
            child.train(mode)
        return self

    def eval(self):
        """Tell them that they are not."""
        return self.train(False)

    def register_forward_hook(self, hook):
        """Have ``hook(module, args, output)`` called after each forward pass."""
        self._forward_hooks.append(hook)

    def __call__(self, *args):
        """Compute ``forward``, then tell the hooks: the reason to call the model itself."""
        out = self.forward(*args)
        for hook in self._forward_hooks:
            hook(self, args, out)
        return out


class ModuleList(Module):
    """A list that its module can see into."""

    def __init__(self, modules):
        super().__init__()
        for i, module in enumerate(modules):
            setattr(self, str(i), module)

    def __iter__(self):
        return iter(self._modules.values())


class Sequential(ModuleList):
    """One module after another."""

    def __init__(self, *modules):
        super().__init__(modules)

    def forward(self, x):
        """Hand `x` through all of them, in their order."""
        for module in self:
            x = module(x)
        return x


def uniform(fan_in, *shape):
    """Draw starting weights as PyTorch's layers do, up to 1 / ``sqrt(fan_in)``, both ways."""
    return Parameter((rand(*shape).data * 2 - 1) * fan_in**-0.5)


class Linear(Module):
    """A matrix product and a bias: ``(n, in_features)`` to ``(n, out_features)``."""

    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = uniform(in_features, out_features, in_features)
        self.bias = uniform(in_features, out_features)

    def forward(self, x):
        """Compute ``x @ weight.T + bias``."""
        return x @ self.weight.T + self.bias


class ReLU(Module):
    """Zero in place of what is negative."""

    def forward(self, x):
        """Compute ``max(x, 0)`` of every number."""
        return x.relu()


class Flatten(Module):
    """All but the first dimension in one: (n, c, h, w) to (n, c * h * w)."""

    def forward(self, x):
        """View `x` as rows."""
        return x.reshape(len(x), -1)


def frame(x, p):
    """Put p rows and columns of zeros around every picture of an array (n, c, h, w)."""
    return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))


def windows(x, k, stride):
    """View an array as its windows: ``(n, c, h, w)`` to ``(n, c, k, k, rows, columns)``."""
    view = np.lib.stride_tricks.sliding_window_view(x, (k, k), (2, 3), writeable=True)
    return view[:, :, ::stride, ::stride].transpose(0, 1, 4, 5, 2, 3)


def columns(x, k, stride):
    """Lay the windows out, one in each column: ``(n, c * k * k, places)``."""
    return windows(x, k, stride).reshape(len(x), x.shape[1] * k * k, -1)


def fold(g, y, x, k, stride):
    """Add up the shares of each pixel over all windows in which it lay."""
    share = np.zeros_like(x)
    places = windows(share, k, stride)
    for i, j in np.ndindex(k, k):  # at one place in the window, no two windows meet
        places[:, :, i, j] += g.reshape(places.shape)[:, :, i, j]
    return share


#: Put zeros around every picture of a tensor: ``pad(x, p)``.
pad = operation(frame, lambda g, y, x, p: g[:, :, p : -p or None, p : -p or None])
#: Lay the windows of a tensor out as columns: ``unfold(x, k, stride)``.
unfold = operation(columns, fold)


class Conv2d(Module):
    """A small window of weights that slides over pictures: one matrix product.

    Takes ``(n, in_channels, h, w)``, gives ``(n, out_channels, h', w')`` with
    ``h' = (h + 2 * padding - kernel_size) // stride + 1``.
    """

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.stride, self.padding = stride, padding
        fan_in = in_channels * kernel_size**2
        shape = (out_channels, in_channels, kernel_size, kernel_size)
        self.weight, self.bias = uniform(fan_in, *shape), uniform(fan_in, out_channels)

    def forward(self, x):
        """Lay the windows out as columns, multiply, and shape the result as pictures."""
        n_out, _, k, _ = self.weight.shape
        x = pad(x, self.padding)
        rows = (x.shape[2] - k) // self.stride + 1
        out = self.weight.reshape(n_out, -1) @ unfold(x, k, self.stride)
        return out.reshape(len(x), n_out, rows, -1) + self.bias.reshape(-1, 1, 1)


class BatchNorm2d(Module):
    """Centre and scale every channel of (n, channels, h, w) by its mean and variance.

    In training they are those of the batch, and go into running averages; in evaluation the
    running averages are used. Ioffe and Szegedy (2015).
    """

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = Parameter(np.ones(num_features, "f"))
        self.bias = Parameter(np.zeros(num_features, "f"))
        self.register_buffer("running_mean", Tensor(np.zeros(num_features, "f")))
        self.register_buffer("running_var", Tensor(np.ones(num_features, "f")))
        self.register_buffer("num_batches_tracked", Tensor(0))

    def forward(self, x):
        """Normalise, then scale and shift by what is learnt."""
        mean, var = (t.reshape(-1, 1, 1) for t in (self.running_mean, self.running_var))
        if self.training:
            mean = x.mean((0, 2, 3), keepdim=True)
            var = ((x - mean) ** 2).mean((0, 2, 3), keepdim=True)
            self.remember(mean.data, var.data, x.data.size // mean.data.size)
        x = (x - mean) / (var + self.eps) ** 0.5
        return x * self.weight.reshape(-1, 1, 1) + self.bias.reshape(-1, 1, 1)

    def remember(self, mean, var, n):
        """Move the running averages a tenth of the way to those of a batch of n pixels."""
        var = var * n / (n - 1)
        for old, new in (self.running_mean, mean), (self.running_var, var):
            old.data += self.momentum * (new.ravel() - old.data)
        self.num_batches_tracked.data += 1


class Dropout(Module):
    """In training, set a share `p` of all numbers to zero and scale up the others."""

    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        """Draw anew each time which numbers stay; the shape is that of `x`."""
        keep = rand(*x.shape).data >= self.p
        return x * keep / (1 - self.p) if self.training else x


class Optimizer:
    """What all optimizers share: a list of parameters, and a state for each.

    It looks at ``grad`` alone: a parameter without a gradient is left as it is.
    """

    def __init__(self, params, lr):
        self.params, self.lr = list(params), lr
        self.state = {p: {} for p in self.params}

    def zero_grad(self):
        """Forget the gradients."""
        for p in self.params:
            p.grad = None

    def step(self):
        """Change every parameter that has a gradient."""
        for p in self.params:
            if p.grad is not None:
                self.update(p.data, p.grad.data, self.state[p])


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum as PyTorch has it."""

    def __init__(self, params, lr=1e-3, momentum=0.0):
        super().__init__(params, lr)
        self.momentum = momentum

    def update(self, p, g, state):
        """Go on with a share of the last step, and add the gradient."""
        state["v"] = self.momentum * state.get("v", 0.0) + g
        p -= self.lr * state["v"]


class AdamW(Optimizer):
    """Steps whose size ``lr`` sets, and not that of the gradient: Loshchilov and Hutter (2019)."""

    def __init__(
        self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01
    ):
        super().__init__(params, lr)
        self.betas, self.eps, self.weight_decay = betas, eps, weight_decay

    def update(self, p, g, state):
        """Divide the running mean of the gradient by the root of that of its square."""
        b1, b2 = self.betas
        t = state["t"] = state.get("t", 0) + 1
        m = state["m"] = b1 * state.get("m", 0.0) + (1 - b1) * g
        v = state["v"] = b2 * state.get("v", 0.0) + (1 - b2) * g * g
        p *= 1 - self.lr * self.weight_decay
        p -= self.lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + self.eps)


class TensorDataset:
    """Rows of several tensors that belong together."""

    def __init__(self, *tensors):
        self.tensors = tensors

    def __getitem__(self, i):
        return tuple(t[i] for t in self.tensors)

    def __len__(self):
        return len(self.tensors[0])


class RandomSampler:
    """All positions of a data set, in a new order each time."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __iter__(self):
        return iter(generator.permutation(len(self.dataset)).tolist())


def default_collate(rows):
    """Stack a list of rows, tuples of tensors, into one tensor for each place in the tuple."""
    return [Tensor(np.stack(column)) for column in zip(*rows, strict=True)]


class DataLoader:
    """Mini-batches of a data set, in the order of a sampler.

    Parameters
    ----------
    dataset : TensorDataset
        Or anything else with a length and rows that can be asked for by their number.
    batch_size : int
        Rows in a mini-batch; the last one may have fewer.
    shuffle : bool, default False
        Whether to take the rows in a new random order each time.
    sampler : iterable of int, optional
        Their order, if it is to be another.
    collate_fn : callable
        Makes a mini-batch of a list of rows.
    """

    def __init__(
        self, dataset, batch_size=1, shuffle=False, sampler=None, collate_fn=None
    ):
        self.dataset, self.batch_size = dataset, batch_size
        own = RandomSampler(dataset) if shuffle else range(len(dataset))
        self.sampler = own if sampler is None else sampler
        self.collate_fn = collate_fn or default_collate

    def __iter__(self):
        order = iter(self.sampler)
        while batch := list(islice(order, self.batch_size)):
            yield self.collate_fn([self.dataset[i] for i in batch])
