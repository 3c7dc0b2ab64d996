"""What torch.nn really is: the tested code behind the tutorial, in the tutorial's order."""

__version__ = "0.1.0"
