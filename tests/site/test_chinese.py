"""What may be Latin on a Chinese page: names and the terms it explains. test_every_page.py asks."""

import re

from ext.terms import read_terms

# Names, and titles as they were published. Terms of the glossary may stand beside their Chinese.
NAMES = """
AMD Apple CIFAR Google Intel NVIDIA IEEE
PyTorch NumPy Matplotlib Python JavaScript Jupyter Colab Sphinx Sphinx-Gallery Requests
Debian Linux Ubuntu English IPython
API BSD CNN CPU CUDA GB GPU HTML ID IDX KiB MB MiB MNIST SGD SHA Ctrl
axe-core DataLoader Dataset ReLU Lambda autograd fastai glibc gzip kernel len logit map nats pickle
NaN ln nat eps softmax dropout forward hook Linear Conv Mm Add Amax Sub Exp Sum Log Index Mean Neg
AdamW classes opt ratios verdict Delete Shift CSV JPEG ONNX PNG Pillow TensorBoard fork
Windows macOS Mac Docker pip eval float lambda nan permute sigmoid spawn view
Blanchard Higham Ioffe Szegedy Loshchilov Hutter Andrej Karpathy micrograd Mersenne Twister
CC BY torch torchvision
exp RGBA EXIF Fashion-MNIST Flatten TensorDataset WSL AMP
ModelScope Kaggle AI Studio iPhone HEIC Net weight Sequential
rand pad frame unfold columns uniform fold windows spread put double Comfort Loading Parameter
ModuleList RandomSampler BatchNorm Dropout brightness opened tents closing
Adam Jeremy Howard Rachel Thomas Francisco Ingham Xavier Glorot Bengio Bottou Haffner LeCun
Accelerate DDP FSDP gloo Lightning nccl SLURM Triton Xeon MLP
"""
TITLES = [
    "Can't pickle",
    "CUDA out of memory",
    "element 0 of tensors does not require grad",
    "What is torch.nn really?",
    "Gradient-based learning applied to document recognition",
    "Proceedings of the IEEE",
    "the mnist_tut authors",
    # explained where they stand, and messages of PyTorch
    "negative log-likelihood",
    "stochastic gradient descent",
    "a leaf Variable that requires grad is being used in an in-place operation",
    "optimizer got an empty parameter list",
    "expected scalar type Long but found Float",
]
# The text of a page without what search results quote, and what the browser shows or reads out
# besides: tooltips, labels, placeholders.
COLLECT = """() => {
  const skip = "pre, code, kbd, math, script, style, noscript, [lang=en], .headerlink, .context,"
    + " dt.sig, .field-list strong, .field-list em"; // names and types of the API
  const out = [];
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.parentElement.closest(skip)) out.push(node.data);
  }
  const attributes = ["title", "aria-label", "placeholder", "alt", "data-tooltip"];
  for (const element of document.querySelectorAll("*"))
    if (!element.closest("[lang=en]"))
      for (const name of attributes) out.push(element.getAttribute(name) || "");
  for (const element of document.querySelectorAll("body :not(pre *, math *)"))
    for (const pseudo of ["::before", "::after"]) {
      const content = getComputedStyle(element, pseudo).content;
      const display = getComputedStyle(element, pseudo).display;
      if (content.startsWith('"') && display !== "none") out.push(content.slice(1, -1));
    }
  return [...new Set(out)].filter((text) => /[a-z\u4e00-\u9fff]/i.test(text));
}"""


TERMS = sorted((term["en"] for term in read_terms()), key=len, reverse=True)
LET_THROUGH = re.compile(
    "|".join(
        [
            *map(re.escape, TITLES),
            # torch.nn, loss_batch, fast.ai, tests/test_by_hand.py
            r"(?:\w+/)*\w+(?:[._]\w+)+(?:\(\))?",
            *(rf"(?<![\w-]){re.escape(term)}(?![\w-])" for term in TERMS),
            r"\b(?:fit|evaluate|WrappedDataLoader|cs231n|v\d)\b(?:\(\))?",
        ]
    )
)


def not_chinese(text):
    """List the Latin words of a text that are neither names nor glossary terms nor identifiers."""
    text = LET_THROUGH.sub("", " ".join(text.split()))
    words = re.findall(r"[A-Za-z][A-Za-z-]*[A-Za-z]", text)
    return [word for word in words if word not in NAMES.split()]


def test_english_words_are_recognised_and_names_let_through():
    assert not_chinese("用 PyTorch 写的 torch.nn 模块") == []
    assert not_chinese("小批量（mini-batch）与 batches") == ["batches"]
    assert not_chinese("Back to top") == ["Back", "to", "top"]
    assert not_chinese("Copied!") == ["Copied"]


def test_times_are_worded_in_chinese(tutorial):
    text = tutorial["zh"].select_one("article").get_text()
    assert re.search(r"通读约 \d+ 分钟。", text)
    assert re.search(r"脚本总运行时间：\s*\d+ 分 [\d.]+ 秒", text)
