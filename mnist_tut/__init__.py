"""What torch.nn really is: the tested code behind the tutorial.

========================  ==========================  ==============================================
module                    first met in the section    what is in it
========================  ==========================  ==============================================
``data``                  MNIST data setup            the download that the page shows
``by_hand``               from scratch                log-softmax, loss, accuracy: tensors alone
``models``                using nn.Module             the models, from logistic regression to CNNs
``loaders``               using DataLoader            mini-batches: made, prepared, moved
``training``              create fit()                the loop that stays
``inside``                inside torch.nn             torch.nn built from NumPy alone, to be read
``project``               your own project            what a project of your own adds
``plots``, ``timing``     where a figure is drawn     what pages call and do not teach
``exercises``             Your turn                   one file each: stub, solution, check, hint
``mnist``                 (not in the lesson)         getting MNIST for builds and tests
========================  ==========================  ==============================================
"""

__version__ = "0.1.0"
