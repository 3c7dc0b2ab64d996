"""What the checks say: one table for each language, by exercise and key.

``every`` holds what many checks say in the same words; an exercise's own text goes before it. Its
``hint`` follows the name of an exception.
"""

ENGLISH = {
    "every": {
        "todo": "Still to be done. (Written already? Then see whether it ends with a return.)",
        "raised": "It stops: {}",
        "type": "It gives back something of the type {}. Keep it a tensor: leave out item(), tolist() "
        "and float().",
        "shape": "Its result has the shape {}, and {} was asked for.",
        "dtype": "The numbers are right, but their type is {} instead of {}.",
        "detached": "The value is right, but it has lost its way back: without a grad_fn nothing "
        "can be trained. Leave out item(), detach() and no_grad().",
        "changed": "You changed the caller's tensors. Compute new ones instead: x = x - 1, not "
        "x -= 1.",
        "wrong": "Not yet: where yours says {}, {} would be right.",
    },
    "my_log_sum_exp": {
        "right": "Right. The largest logit goes out before exp and comes back after log, so "
        "nothing can overflow and nothing is lost.",
        "naive": "Right for small logits only: exp(89) overflows to infinity, exp(-200) vanishes "
        "to zero. Take the largest logit of each row out first.",
        "not_back": "You took the largest logit out and did not put it back: add it after the log.",
        "whole": "You took out the largest logit of the whole batch. A row far below it vanishes "
        "to zero: each row needs its own.",
        "columns": "You summed over the pictures. A row is a picture: sum over dim=1.",
        "hint": "If it is about shapes: the largest logits have the shape (n,), and x has "
        "(n, classes). keepdim=True or [:, None] makes them fit.",
    },
    "my_nll": {
        "right": "Right. Of the ten log-probabilities in a row, the loss looks at one: that of the "
        "true class.",
        "classes": "You averaged over the classes as well: divide by 64, not by 640.",
        "sign": "The sign is missing. Log-probabilities are negative, and a loss wants to go down "
        "to zero.",
        "sum": "That is the sum over all pictures. Take the mean, so that the size of a "
        "mini-batch does not matter.",
        "columns": "log_probs[:, target] takes all 64 columns from every row. You need one number "
        "per row.",
        "largest": "You took each row's largest log-probability: what the model believes, not "
        "what is true. Let target choose.",
        "each": "These are the 64 losses one by one. Their mean is asked for.",
        "hint": "Print log_probs.shape and target.shape first. gather wants indices with as "
        "many dimensions as log_probs: target[:, None].",
    },
    "my_bias_gradient": {
        "right": "Right. Probabilities minus the truth: where a class gets too much belief, its "
        "bias goes down.",
        "sum": "64 times too much: the loss is a mean over 64 pictures, and so is its gradient.",
        "sign": "The sign is turned. Probabilities minus the truth, not the other way round.",
        "logs": "You took log-probabilities for probabilities: exp() turns one into the other.",
        "no_truth": "These are the mean probabilities. Subtract the truth, a one in the column of "
        "each true class.",
        "rows": "You averaged over the classes: one number per picture, always zero. The bias "
        "has ten numbers; average over the pictures, dim=0.",
        "hint": "F.one_hot(target, 10) has the shape of log_probs, (n, 10).",
    },
    "my_top3": {
        "right": "Right. topk is argmax for more than one place.",
        "one": "That is the plain accuracy: only first places count. The second and third are to "
        "count as well.",
        "third": "You averaged over the three guesses as well. Ask first whether any() of the "
        "three is right, then take the mean over the pictures.",
        "smallest": "You took the three smallest outputs. The largest are the best guesses.",
        "count": "You counted the hits. Their share is asked for.",
        "values": "You compared outputs with labels. topk gives values and indices: the indices "
        "are the classes.",
        "hint": "The three guesses have the shape (n, 3), the labels (n,): yb[:, None] lets "
        "them be compared.",
    },
    "my_update": {
        "right": "Right. In place, without recording, and the gradient is cleared for the next "
        "backward().",
        "todo": "Still to be done: the parameters stand where they stood. (p = p - lr * p.grad "
        "would make a new tensor and leave the old one alone; p -= ... changes it.)",
        "stood": "The gradients are cleared, but the parameters stand where they stood. Either "
        "you cleared too early, or p = p - ... made new tensors: write p -= ...",
        "deaf": "The parameters have moved, but no longer ask for gradients. no_grad() around "
        "the update is enough; leave requires_grad as it is.",
        "uphill": "You went uphill. The gradient points to where the loss grows: subtract it.",
        "no_lr": "You took the whole gradient for a step. It is to be multiplied by lr.",
        "first": "Only the first parameter has moved. Is a return within the loop?",
        "uncleared": "The step is right, but the gradients are still there, and the next "
        "backward() will add to them: p.grad.zero_().",
        "hint": "If it speaks of a leaf Variable: PyTorch is recording, and does not let you "
        "change in place what it wants gradients of. Put the update under torch.no_grad(). If it "
        "speaks of NoneType: p = p - ... made a new tensor without a gradient; p -= ... changes p.",
    },
    "my_losses": {
        "right": "Right. Every old gradient pushes on, at full strength: that is a momentum of 1, "
        "a ball that rolls without friction. It runs past the valley and swings.",
        "cleared": "That is the good curve: you cleared the gradients. Leave that out, and see.",
        "late": "You noted each loss after the step. Note what the step began with.",
        "tensors": "You kept tensors, and each keeps its whole graph in memory. item() gives the "
        "plain number.",
        "changed": "You changed the caller's weights or bias. The first two lines of the stub "
        "make copies: work on those.",
        "hint": "Does the update stand under torch.no_grad(), is it weights -= ... (weights = "
        "weights - ... makes a tensor without a gradient), and do you append loss.item()?",
    },
    "my_cross_entropy": {
        "right": "Right. What all logits weigh together, less that of the true class: no "
        "probability is ever computed, so none can vanish.",
        "sign": "The sign is turned: the true class's logit is to be subtracted.",
        "logit_only": "A large logit of the true class is worth something only beside the "
        "others: add the log-sum-exp of the row.",
        "no_log": "You averaged probabilities. The loss is the mean of their logarithms, with the "
        "sign turned.",
        "twice": "You gave probabilities to cross_entropy. It takes logits and has a softmax of "
        "its own: nothing complains, and training is slow. Hand it the logits.",
        "naive": "Infinity: a probability has vanished to zero before you took its log. Stay with "
        "logarithms: logsumexp(dim=1).",
        "sum": "That is the sum over all pictures. Take the mean.",
        "hint": "logits.logsumexp(dim=1) has the shape (n,), and so have the logits of the true "
        "classes.",
    },
    "MyNet": {
        "right": "Right. The bend between two layers lets the network learn what no single layer "
        "can.",
        "lost": "parameters() finds nothing, so nothing would be trained. Make the layers in "
        "__init__ and assign them to self.",
        "layers": "The parameters have the shapes {}. Two layers were asked for, 784 to hidden "
        "and hidden to 10.",
        "straight": "Two linear layers in a row are one linear layer. Put a ReLU between them.",
        "softmax": "You return probabilities or their logarithms. cross_entropy wants logits: "
        "leave the last step to it.",
        "last_relu": "A ReLU after the last layer: no logit can be negative. Leave the last layer "
        "bare.",
        "hint": "If it speaks of Module.__init__(): super().__init__() has to come before the "
        "first layer. If of shapes: where 784 comes in, 10 must go out.",
    },
    "MyStack": {
        "right": "Right. A ModuleList is a list that the module can look into.",
        "todo": "Still to be done: parameters() finds none of the layers. A module notices what "
        "is assigned to it, modules and parameters, but does not look into a plain list.",
        "some": "parameters() finds {} tensors. Three layers have six: a weight and a bias each.",
        "straight": "The parameters are found, but the ReLUs are lost: without them, three linear "
        "layers are one.",
        "last_relu": "The parameters are found, but now a ReLU follows the last layer too.",
        "hint": "The list is all that has to change; forward can stay as it is.",
    },
    "MyInverted": {
        "right": "Right. A length and an index: that is all a DataLoader asks for.",
        "pair": "An item is a pair of a picture and its label: return both, with a comma.",
        "length": "Its length is {} instead of {}: how many pictures are there?",
        "label": "The label is not that of the picture. Only pixels are to be inverted.",
        "same": "The picture is as it was. Black is 0 and white is 1: what turns one into the "
        "other?",
        "minus": "Now white is -1. Pixels run from 0 to 1: invert within that range.",
        "bytes": "255 is white in a picture of bytes. Ours run from 0 to 1.",
        "first": "Every index gives the first picture. Use i.",
        "loader": "Single items are right, but a DataLoader makes something else of them.",
        "changed": "You inverted the caller's pictures. Leave x as it is, and invert a picture "
        "when it is asked for.",
        "hint": "It needs __len__ and __getitem__, with two underscores on either side.",
    },
    "my_batches": {
        "right": "Right. One order for pictures and labels, a new one each epoch: this is what "
        "shuffle=True does.",
        "torn": "Pictures and labels no longer belong together. Draw one order and use it for "
        "both.",
        "twice": "Some examples came twice in an epoch. A permutation has each once (randperm), "
        "and then the epoch ends.",
        "lost": "{} examples never came. The last mini-batch may be smaller, but it counts.",
        "in_order": "They come in order. Draw torch.randperm(len(x)) first.",
        "blocks": "Each mini-batch holds the same neighbours as ever: only blocks, or the inside of "
        "blocks, were shuffled. Shuffle the examples: randperm(len(x)).",
        "sizes": "The mini-batches do not have bs examples each, with the rest in the last.",
        "frozen": "Each epoch has the same order. Draw a new one every time, without a seed.",
        "changed": "You shuffled the caller's data. Shuffle indices instead.",
        "hint": "order[i : i + bs] is a tensor of indices, and x[...] takes it as it is. If it speaks "
        "of unpacking: yield a pair, x[...], y[...], once for every mini-batch; return would end it.",
    },
    "my_mean": {
        "right": "Right. A sum and a count are enough, however long the stream is.",
        "unweighted": "The small last mini-batch counts as much as a big one. Multiply each mean "
        "by its size.",
        "total": "That is the sum over all pictures. Divide it by how many there are.",
        "batches": "You divided by the number of mini-batches. Divide by the number of pictures.",
        "stream": "Right for a list. But a stream flows by once and has no len(): do both sums in "
        "one loop.",
        "hint": "An item is a pair: for mean, size in results.",
    },
    "MySGD": {
        "right": "Right. Step by step where torch's SGD goes: the optimizer holds no more magic.",
        "todo": "Still to be done: step() moves nothing yet.",
        "plain": "That is plain SGD: the velocity is forgotten from step to step. Change it in "
        "place (v *= ...), or store it again.",
        "damped": "You scaled the new gradient by 1 - momentum. That exists too, as a running "
        "mean; PyTorch adds the gradient in full.",
        "no_lr": "The learning rate is missing from the step.",
        "ahead": "That is Nesterov's momentum, which looks one step ahead. The plain one is "
        "asked for.",
        "uphill": "You went uphill: subtract.",
        "hint": "If it speaks of a leaf Variable, put the step under torch.no_grad().",
    },
    "my_batch_norm": {
        "right": "Right. In training a picture's output depends on its neighbours in the "
        "mini-batch; after eval() it does not.",
        "running": "In training the layer uses the mean and variance of the mini-batch. Yours "
        "used those that it has stored.",
        "batch": "After eval() the layer uses what it has stored. Yours still used the mini-batch: "
        "ask bn.training.",
        "unbiased": "You divided by n - 1, as var() does by default. The layer divides by n: "
        "correction=0.",
        "plain": "Normalised, but bn.weight and bn.bias are missing. They let the network undo "
        "what normalising did.",
        "no_eps": "A channel that is the same everywhere gives 0 / 0. Add bn.eps to the variance.",
        "no_root": "You divided by the variance. Divide by its square root.",
        "changed": "You changed x or the layer. Calling bn(x) in training moves its running "
        "mean: compute it by yourself.",
        "hint": "x has the shape (n, channels), the mean (channels,): take it over dim=0, and "
        "broadcasting does the rest.",
    },
    "my_cnn_32": {
        "right": "Right. 32, 16, 8, 4: only the front had to change, because 28 ended in 4, too.",
        "unflattened": "Ten numbers a picture, but in a grid of 1 by 1: nn.Flatten() at the end.",
        "no_conv": "There is no convolution in it. Use conv_block.",
        "softmax": "You return probabilities or their logarithms. cross_entropy wants logits.",
        "last_relu": "A ReLU comes last: no logit can be negative, and a class can die.",
        "hint": "A colour picture has three channels. Each block halves the side: 32, 16, 8, 4. "
        "What does Flatten leave of 64 channels of 4 by 4?",
    },
    "my_freeze": {
        "right": "Right. Now the optimizer sees the last layer only, and backward() stops there.",
        "thawed": "Nothing is frozen. model.requires_grad = False only hangs a new attribute on "
        "the module: call requires_grad_(False), with the underscore.",
        "some": "Only a part of the first layer is frozen. It has a weight and a bias.",
        "head": "The last layer is frozen, too: what is left to learn?",
        "handed": "The right layers are frozen, but you handed out other parameters than those of "
        "the last layer.",
        "hint": "model[-1] is the last layer. Return a list of its parameters.",
    },
    "my_pictures": {
        "right": "Right. permute moves the dimensions and copies nothing; the division by 255 makes "
        "floats of bytes.",
        "viewed": "The shape is right, the pictures are torn: view keeps the numbers in their old "
        "order. permute moves dimensions.",
        "turned": "The channels come first, but height and width have changed places: the pictures "
        "lie on their side.",
        "last": "The numbers are right, but the channels still come last: permute.",
        "bytes": "The channels come first. Now divide by 255, so that white becomes 1.",
        "hint": "permute wants a place for each of the four dimensions. The pictures stay where "
        "they are, at 0; then come the channels.",
    },
    "my_step": {
        "todo": "Still to be done: the step trains as it did. (Or is there no return?)",
        "right": "Right. Logits for the loss, a clean gradient for the next step, and a number that "
        "keeps no graph.",
        "softmax": "cross_entropy still gets probabilities. It wants logits: leave out softmax.",
        "uncleared": "The gradients still pile up: opt.zero_grad().",
        "stood": "No parameter moves. Does the gradient live until opt.step() needs it, and was it "
        "computed?",
        "tensor": "The training is right now. But the loss that you return is a tensor, and keeps "
        "its graph: loss.item().",
        "hint": "The order is: loss, backward(), step(), zero_grad().",
    },
    "my_shift": {
        "right": "Right. The same picture comes in another place every time, so the network cannot "
        "learn places by heart.",
        "stood": "Nothing has moved. With most = 2 the cut-out may begin at 0, 1, 2, 3 or 4.",
        "alike": "All pictures have moved alike. Draw inside the loop, once for each picture.",
        "mixed": "Some pictures have lost their middle or got it twice. Cut the same window out of "
        "all rows of a picture.",
        "far": "A picture has moved by {} pixels, and most was 2.",
        "one_way": "They move to one side only. randint never gives its upper end: "
        "randint(2 * most + 1, (2,)) counts from 0, and most in the middle is no shift.",
        "short": "They never move as far as most. randint leaves its upper end out: add one.",
        "rolled": "What leaves on one side comes back in on the other: roll goes round in a "
        "circle. Pad with black and cut out.",
        "hint": "torch.randint(2 * most + 1, (2,)).tolist() gives two plain numbers. A picture in "
        "the loop has the shape (1, 28, 28).",
    },
    "my_f1": {
        "right": "Right. Whoever wins one of the two by giving up the other gets a low F1.",
        "half": "Half of it: the product is taken twice.",
        "mean": "That is the plain mean of precision and recall. It is one half where one of them "
        "is 1 and the other 0; F1 is zero there.",
        "precision": "That is the precision alone.",
        "recall": "That is the recall alone.",
        "accuracy": "That is one number for all classes, the accuracy. Ten are asked for: do not "
        "sum over the diagonal.",
        "one": "You averaged over the classes. Give each its own number.",
        "hint": "matrix.diagonal(), matrix.sum(dim=0) and matrix.sum(dim=1) each have one number "
        "per class.",
    },
    "my_share": {
        "right": "Right. All shares are equally long, and together they hold every index.",
        "whole": "Every process gets all of the order, so all of them do the same work. Take "
        "every world-th index.",
        "uneven": "The shares are not equally long: where one process has no mini-batch left, the "
        "others wait for it for ever. Fill the order up first.",
        "dropped": "You left out the end of the order. That is what drop_last=True does; here no "
        "index may be lost.",
        "blocks": "You cut the order into blocks. Nothing is wrong with that, but a mini-batch of "
        "one process would then be shared in another way: take every world-th index.",
        "filling": "You filled up with the last index. Take them from the beginning of the order.",
        "hint": "order[:missing] fills up, and [rank::world] begins at rank and takes every "
        "world-th.",
    },
    "my_resume": {
        "right": "Right. Parameters, momentum and the next epoch: training goes on as if nothing "
        "had happened.",
        "weights": "The parameters are still those of a fresh model: model.load_state_dict.",
        "momentum": "The momentum is lost: opt has a load_state_dict, too.",
        "returned": "Both are back. Now return the number of the next epoch.",
        "again": "That epoch was finished already, and would be done twice.",
        "epoch": "You return {}. The next epoch is one more than the last one finished.",
        "hint": 'checkpoint is a dictionary: checkpoint["model"], checkpoint["opt"], '
        'checkpoint["epoch"].',
    },
}

CHINESE = {
    "every": {
        "todo": "这一题还没有做。（已经写了？那就看看末尾是不是漏了 return。）",
        "raised": "运行中断：{}",
        "type": "返回值的类型是 {}。请保持为张量：不要用 item()、tolist() 和 float()。",
        "shape": "结果的形状是 {}，应当是 {}。",
        "dtype": "数值对了，类型却是 {}，应当是 {}。",
        "detached": "数值对了，但回去的路断了：没有 grad_fn，就没法训练。请去掉 item()、detach() 和 no_grad()。",
        "changed": "您改动了传进来的张量。请另算新的：写 x = x - 1，不要写 x -= 1。",
        "wrong": "还不对：您算出 {} 的地方，应当是 {}。",
    },
    "my_log_sum_exp": {
        "right": "对了。最大的 logit 在 exp 之前拿出来，在 log 之后放回去：既不会溢出，也什么都没丢。",
        "naive": "logit 不大的时候才对：exp(89) 会溢出成无穷大，exp(-200) 会变成 0。请先从每一行里减去最大的 logit。",
        "not_back": "最大的 logit 拿出来了，却没有放回去：取完 log 要再加上它。",
        "whole": "您减去的是整批里最大的 logit。比它小得多的行会全变成 0：每一行要减自己的最大值。",
        "columns": "您是按图片求和的。一行是一张图片：应当沿 dim=1 求和。",
        "hint": "如果说的是形状：各行最大值的形状是 (n,)，x 的形状是 (n, 类别数)。加上 keepdim=True 或 [:, None] 就对得上了。",
    },
    "my_nll": {
        "right": "对了。每行有十个对数概率，损失只看一个：真实类别的那个。",
        "classes": "您把类别也一起平均了：应当除以 64，而不是 640。",
        "sign": "少了负号。对数概率是负数，而损失要能一路降到 0。",
        "sum": "这是所有图片的总和。请取平均，这样就与批的大小无关了。",
        "columns": "log_probs[:, target] 从每一行里都取了 64 列。每行只要一个数。",
        "largest": "您取的是每行最大的对数概率，那是模型相信的类别，不一定是真实的。该取哪一个，由 target 决定。",
        "each": "这是 64 张图片各自的损失，要的是它们的平均。",
        "hint": "先打印 log_probs.shape 和 target.shape 看看。gather 要求下标的维数与 log_probs 相同：target[:, None]。",
    },
    "my_bias_gradient": {
        "right": "对了。概率减去真实值：哪个类别被高估了，它的偏置就往下调。",
        "sum": "大了 64 倍：损失是 64 张图片的平均，梯度也一样。",
        "sign": "符号反了。是概率减去真实值，不是反过来。",
        "logs": "您把对数概率当成了概率：用 exp() 就能换过来。",
        "no_truth": "这是平均概率。还要减去真实值：真实类别的那一列是 1，其余是 0。",
        "rows": "您对类别求了平均，每张图片一个数，而且总是 0。偏置有十个数：应当对图片求平均，dim=0。",
        "hint": "F.one_hot(target, 10) 与 log_probs 形状相同，都是 (n, 10)。",
    },
    "my_top3": {
        "right": "对了。topk 就是能取前几名的 argmax。",
        "one": "这是普通的准确率，只有第一名才算。第二、第三名也要算数。",
        "third": "您把三个猜测也一起平均了。先用 any() 看三个里有没有猜中的，再对图片求平均。",
        "smallest": "您取的是最小的三个输出。输出越大，模型越相信。",
        "count": "您数的是猜中的张数，要的是比例。",
        "values": "您拿输出与标签比较了。topk 返回数值和下标，下标才是类别。",
        "hint": "三个猜测的形状是 (n, 3)，标签的形状是 (n,)：写成 yb[:, None] 就能比较了。",
    },
    "my_update": {
        "right": "对了。原地修改，不做记录，梯度也清掉了，下一次 backward() 可以放心开始。",
        "todo": "这一题还没有做：参数都没有动。（写 p = p - lr * p.grad 会生成新的张量，原来的不变；写 p -= ... 才会改它。）",
        "stood": "梯度清掉了，参数却没有动。要么是清得太早，要么是 p = p - ... 生成了新的张量：请写 p -= ...",
        "deaf": "参数动了，却不再要求梯度。更新放在 no_grad() 里就够了，requires_grad 不要动。",
        "uphill": "您往上坡走了。梯度指向损失增大的方向，所以要减。",
        "no_lr": "您一步走了整个梯度。别忘了乘以 lr。",
        "first": "只有第一个参数动了。是不是把 return 写进了循环里？",
        "uncleared": "这一步走对了，梯度却还留着，下一次 backward() 会加在它上面：p.grad.zero_()。",
        "hint": "如果提到 leaf Variable：PyTorch 正在记录，凡是要求梯度的张量，这时都不许原地修改。请把更新放到 torch.no_grad() 里。如果提到 NoneType：p = p - ... 生成了没有梯度的新张量，请写 p -= ... 来改原来的。",
    },
    "my_losses": {
        "right": "对了。每个旧梯度都还在使劲，一点不减：这相当于动量等于 1，就像没有摩擦的小球，冲过谷底，来回摆动。",
        "cleared": "这是正常的曲线：您把梯度清零了。请去掉清零，再看看。",
        "late": "您记的是走完一步之后的损失。请记这一步开始时的损失。",
        "tensors": "您存下的是张量，每个都把整个计算图留在内存里。item() 给出普通的数。",
        "changed": "您改动了传进来的权重或偏置。题目开头的两行已经做了副本，请在副本上改。",
        "hint": "更新是放在 torch.no_grad() 里的吗？写的是 weights -= ... 吗（weights = weights - ... 会生成没有梯度的新张量）？追加的是 loss.item() 吗？",
    },
    "my_cross_entropy": {
        "right": "对了。全部 logit 合起来的分量，减去真实类别的那一份：从头到尾不算概率，也就没有概率会变成 0。",
        "sign": "符号反了：要减去的是真实类别的 logit。",
        "logit_only": "真实类别的 logit 大不大，要与其他的比才知道：请加上这一行的 log-sum-exp。",
        "no_log": "您平均的是概率。损失是概率的对数的平均，再变号。",
        "twice": "您把概率交给了 cross_entropy。它要的是 logit，里面自带 softmax：这样不会报错，只是训练得慢。请直接给它 logit。",
        "naive": "成了无穷大：有的概率在取对数之前已经变成了 0。请始终用对数来算：logsumexp(dim=1)。",
        "sum": "这是所有图片的总和。请取平均。",
        "hint": "logits.logsumexp(dim=1) 的形状是 (n,)，真实类别的 logit 也是。",
    },
    "MyNet": {
        "right": "对了。两层之间有了这个转折，网络就能学会单独一层学不会的东西。",
        "lost": "parameters() 什么也没找到，那就什么也训练不了。请在 __init__ 里创建各层，并赋给 self。",
        "layers": "参数的形状是 {}。应当有两层：784 到 hidden，hidden 到 10。",
        "straight": "两个线性层直接相连，还是一个线性层。请在中间加一个 ReLU。",
        "softmax": "您返回的是概率或概率的对数。cross_entropy 要的是 logit：最后一步留给它。",
        "last_relu": "最后一层后面也有 ReLU，logit 就不可能是负数了。最后一层后面什么都不要加。",
        "hint": "如果提到 Module.__init__()：super().__init__() 要写在第一个层之前。如果提到形状：进来的是 784，出去的应当是 10。",
    },
    "MyStack": {
        "right": "对了。ModuleList 也是列表，只不过模块看得见里面。",
        "todo": "这一题还没有做：parameters() 一个层也没找到。直接赋给模块的模块和参数，它会注册；普通列表里面，它不看。",
        "some": "parameters() 找到了 {} 个张量。三层应当有六个：每层一个权重，一个偏置。",
        "straight": "参数找到了，ReLU 却丢了：没有它们，三个线性层还是一个线性层。",
        "last_relu": "参数找到了，可是最后一层后面也多了一个 ReLU。",
        "hint": "要改的只有那个列表，forward 可以照旧。",
    },
    "MyInverted": {
        "right": "对了。有长度，能按下标取值：DataLoader 要的就是这些。",
        "pair": "每一项是一张图片和它的标签：两个都要返回，中间用逗号。",
        "length": "长度是 {}，应当是 {}：一共有几张图片？",
        "label": "标签与图片对不上了。要反相的只有像素。",
        "same": "图片还是原样。黑是 0，白是 1：怎样把一个变成另一个？",
        "minus": "现在白成了 -1。像素在 0 到 1 之间，反相以后也应当这样。",
        "bytes": "用字节存的图片里，255 才是白。我们的像素在 0 到 1 之间。",
        "first": "不管下标是几，取出的都是第一张图片。请用上 i。",
        "loader": "单独取都对，经过 DataLoader 却变了样。",
        "changed": "您把传进来的图片反相了。x 不要动，取哪一张，就反相哪一张。",
        "hint": "需要 __len__ 和 __getitem__，名字前后各有两个下划线。",
    },
    "my_batches": {
        "right": "对了。图片和标签共用一个次序，每轮换一个新的：shuffle=True 做的就是这件事。",
        "torn": "图片和标签对不上了。次序只抽一次，两边共用。",
        "twice": "有的样本一轮里出现了两次。排列里每个数只出现一次（randperm），然后这一轮就结束了。",
        "lost": "有 {} 个样本始终没有出现。最后一批可以小一些，但不能丢。",
        "in_order": "还是原来的次序。先抽一个 torch.randperm(len(x))。",
        "blocks": "每批里还是原来那些邻居：打乱的只是各批的先后，或者批内的次序。请打乱样本：randperm(len(x))。",
        "sizes": "每批应当有 bs 个样本，余下的放在最后一批。",
        "frozen": "每一轮的次序都一样。每次都要重新抽，不要设种子。",
        "changed": "您把传进来的数据打乱了。请打乱下标。",
        "hint": "order[i : i + bs] 是由下标组成的张量，可以直接写进 x[...]。如果提到 unpack：每个小批量 yield 一对 x[...]、y[...]；写 return 会就此结束。",
    },
    "my_mean": {
        "right": "对了。一个总和、一个计数就够了，不管流有多长。",
        "unweighted": "最后那个小批次与大批次分量相同了。每个平均值要乘以它的样本数。",
        "total": "这是所有图片的总和。还要除以图片数。",
        "batches": "您除以的是批数。应当除以图片数。",
        "stream": "给列表是对的。但流只能读一遍，也没有 len()：请在一个循环里同时算两个和。",
        "hint": "每一项是一对：for mean, size in results。",
    },
    "MySGD": {
        "right": "对了。每一步都与 PyTorch 的 SGD 走到同一处：优化器再没有什么神秘的了。",
        "todo": "这一题还没有做：step() 还没有移动任何东西。",
        "plain": "这是普通的 SGD：走完一步，速度就忘了。请原地修改它（v *= ...），或者重新存回去。",
        "damped": "您把新的梯度乘上了 1 - momentum。这样的做法（滑动平均）也有，但 PyTorch 加的是整个梯度。",
        "no_lr": "这一步里少了学习率。",
        "ahead": "这是 Nesterov 动量，会往前多看一步。这里要的是普通的动量。",
        "uphill": "您往上坡走了：要减。",
        "hint": "如果提到 leaf Variable：请把更新放到 torch.no_grad() 里。",
    },
    "my_batch_norm": {
        "right": "对了。训练时，一张图片的输出会受同批邻居的影响；调用 eval() 以后就不会了。",
        "running": "训练时用的是当前这批的均值和方差。您用的是层里存着的那一份。",
        "batch": "调用 eval() 以后，用的是层里存着的均值和方差。您用的还是当前这批的：看看 bn.training。",
        "unbiased": "您除以的是 n - 1，这是 var() 的默认做法。这个层除以的是 n：correction=0。",
        "plain": "归一化对了，还少了 bn.weight 和 bn.bias。有了它们，网络才能在需要时把归一化还原。",
        "no_eps": "如果某个通道的值处处相同，就成了 0 / 0。请给方差加上 bn.eps。",
        "no_root": "您除以的是方差。应当除以它的平方根。",
        "changed": "您改动了 x，或者改动了这个层。训练模式下调用 bn(x) 会移动它的滑动均值：请自己动手算。",
        "hint": "x 的形状是 (n, 通道数)，均值的形状是 (通道数,)：沿 dim=0 求均值，其余交给广播。",
    },
    "my_cnn_32": {
        "right": "对了。32、16、8、4：28 最后也是 4，所以只需要改最前面。",
        "unflattened": "每张图片有十个数，但还排成 1 × 1 的格子：末尾加上 nn.Flatten()。",
        "no_conv": "里面没有卷积。请用 conv_block。",
        "softmax": "您返回的是概率或概率的对数。cross_entropy 要的是 logit。",
        "last_relu": "最后是 ReLU：logit 不可能是负数，某个类别就可能“死掉”。",
        "hint": "彩色图片有三个通道。每一块都把边长减半：32、16、8、4。64 个 4 × 4 的通道，经过 Flatten 还剩几个数？",
    },
    "my_freeze": {
        "right": "对了。优化器现在只看得见最后一层，backward() 走到那里也就停了。",
        "thawed": "什么都没有冻结。model.requires_grad = False 只是给模块添了一个属性：请调用带下划线的 requires_grad_(False)。",
        "some": "第一层只冻结了一部分。它有权重，也有偏置。",
        "head": "最后一层也冻结了：那还剩下什么可学？",
        "handed": "该冻结的都冻结了，但您交出来的不是最后一层的参数。",
        "hint": "model[-1] 就是最后一层。请返回由它的参数组成的列表。",
    },
    "my_pictures": {
        "right": "对了。permute 移动的是维度，什么也不复制；除以 255，字节就成了浮点数。",
        "viewed": "形状对了，图片却撕碎了：view 不改变数的先后次序。要移动维度，用 permute。",
        "turned": "通道排到了前面，高和宽却对调了：图片躺倒了。",
        "last": "数值对了，但通道还在最后：请用 permute。",
        "bytes": "通道已经在前面了。再除以 255，白色才是 1。",
        "hint": "permute 要给四个维度都排好位置。图片那一维不动，还是 0；接着是通道。",
    },
    "my_step": {
        "todo": "这一题还没有做：训练的结果还和原来一样。（还是漏了 return？）",
        "right": "对了。交给损失的是 logit，留给下一步的是干净的梯度，返回的数也不再拖着计算图。",
        "softmax": "交给 cross_entropy 的还是概率。它要的是 logit：去掉 softmax。",
        "uncleared": "梯度还在越积越多：opt.zero_grad()。",
        "stood": "参数都没有动。梯度算了吗？到 opt.step() 要用的时候，它还在吗？",
        "tensor": "训练已经对了。但返回的损失是张量，会拖着整张计算图：loss.item()。",
        "hint": "次序是：算损失、backward()、step()、zero_grad()。",
    },
    "my_shift": {
        "right": "对了。同一张图片每次出现的位置都不同，网络就没法死记位置。",
        "stood": "什么都没有动。most 是 2 时，截取的起点可以是 0、1、2、3、4。",
        "alike": "所有图片移动得一模一样。请在循环里抽，每张图片各抽一次。",
        "mixed": "有的图片丢了中间那一点，有的又多出一份。同一张图片的每一行，要截取同一个窗口。",
        "far": "有一张图片移动了 {} 个像素，而 most 是 2。",
        "one_way": "图片只往一边移动。randint 不含上界：randint(2 * most + 1, (2,)) 从 0 数起，抽到正中间的 most 就是不动。",
        "short": "从来没有移动到 most 那么远。randint 不含上界：要再加一。",
        "rolled": "从一边移出去的，又从另一边回来了：roll 是绕圈子的。请先用黑色填充四周，再截取。",
        "hint": "torch.randint(2 * most + 1, (2,)).tolist() 给出两个普通的数。循环里每张图片的形状是 (1, 28, 28)。",
    },
    "my_f1": {
        "right": "对了。靠放弃一个来抬高另一个，F1 就高不了。",
        "half": "只有一半：乘积要取两倍。",
        "mean": "这是精确率和召回率的普通平均。一个是 1、另一个是 0 时，它还有二分之一，而 F1 是 0。",
        "precision": "这只是精确率。",
        "recall": "这只是召回率。",
        "accuracy": "这是所有类别合起来的一个数，也就是准确率。要的是每个类别各一个：不要把对角线加起来。",
        "one": "您把各个类别平均了。请让每个类别保留自己的数。",
        "hint": "matrix.diagonal()、matrix.sum(dim=0) 和 matrix.sum(dim=1) 都是每个类别一个数。",
    },
    "my_share": {
        "right": "对了。每一份都一样长，合起来一个下标也不少。",
        "whole": "每个进程都拿到了整个次序，做的是同样的事。请每 world 个取一个。",
        "uneven": "各份长短不一：有的进程已经没有小批量，别的进程会一直等它。请先把次序补齐。",
        "dropped": "您去掉了次序的末尾。drop_last=True 就是这样做的；这里一个下标也不能丢。",
        "blocks": "您把次序切成了几段。这样做也不算错，但与单个进程相比，小批量的分法就不同了：请每 world 个取一个。",
        "filling": "您用最后一个下标来补。请从次序的开头取。",
        "hint": "order[:missing] 用来补齐；[rank::world] 从 rank 开始，每 world 个取一个。",
    },
    "my_resume": {
        "right": "对了。参数、动量和下一个轮次都有了：训练接着进行，好像什么都没有发生过。",
        "weights": "参数还是新模型的：用 model.load_state_dict。",
        "momentum": "动量丢了：opt 也有 load_state_dict。",
        "returned": "两样都恢复了。还要返回下一个轮次的编号。",
        "again": "这个轮次已经做完，会再做一遍。",
        "epoch": "您返回的是 {}。下一个轮次，是最后做完的那个加一。",
        "hint": 'checkpoint 是一个字典：checkpoint["model"]、checkpoint["opt"]、checkpoint["epoch"]。',
    },
}

MESSAGES = {"en": ENGLISH, "zh": CHINESE}
