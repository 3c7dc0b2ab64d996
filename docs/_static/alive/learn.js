/* The training loop of the page, by hand: logistic regression on 784 pixels, and ways to break it.
 *
 * `Alive.learner` is one function without outer names, so that its text can be sent to a Worker. It
 * follows the page's loop line by line. Parameters and gradients are single precision as in PyTorch,
 * sums are double. */
"use strict";

Alive.learner = function () {
  const PIXELS = 784, CLASSES = 10;

  /** Random numbers from 0 to 1 that a seed repeats (mulberry32). */
  function random(seed) {
    return () => {
      seed = (seed + 0x6d2b79f5) | 0;
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  function softmax(logits) {
    const largest = Math.max(...logits);
    const powers = logits.map((logit) => Math.exp(logit - largest));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / sum);
  }

  class Learner {
    /** data: pixels (bytes k of k / 256), labels, n for training (validation pictures follow), start
     *  (784 x 10 weights). settings: lr, bs, and the switches. */
    constructor(data, settings) {
      Object.assign(this, { data, settings, steps: 0, random: random(2) });
      const factor = settings.zeros ? 0 : settings.huge ? 100 : 1;
      this.weights = data.start.map((weight) => weight * factor);
      this.bias = new Float32Array(CLASSES);
      this.gradient = new Float32Array(PIXELS * CLASSES);
      this.biasGradient = new Float32Array(CLASSES);
      this.order = Array.from({ length: data.n }, (_, i) => i);
      if (settings.sorted) this.order.sort((a, b) => data.labels[a] - data.labels[b] || a - b);
    }

    get perEpoch() {
      return Math.ceil(this.data.n / this.settings.bs);
    }

    /** xb @ weights + bias, for one picture. */
    logits(picture) {
      const { weights } = this, { pixels } = this.data, first = picture * PIXELS;
      const sums = Array.from(this.bias);
      for (let i = 0; i < PIXELS; i++) {
        const pixel = pixels[first + i] / 256;
        if (pixel) for (let c = 0; c < CLASSES; c++) sums[c] += pixel * weights[i * CLASSES + c];
      }
      return sums;
    }

    /** Loss of one picture, and its derivative with respect to the logits. */
    judge(logits, label) {
      let probs = softmax(logits);
      if (!this.settings.twice) {
        const slope = probs.map((p, c) => p - (c === label));
        const largest = Math.max(...logits); // log-sum-exp, as on the page: exp must not overflow
        const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
        return { loss: largest - logits[label] + Math.log(sum), slope };
      }
      const once = probs; // what a model with a softmax at its end hands over as if it were logits
      probs = softmax(once);
      const outer = probs.map((p, c) => p - (c === label));
      const mean = once.reduce((sum, p, c) => sum + p * outer[c], 0);
      return { loss: -Math.log(probs[label]), slope: once.map((p, c) => p * (outer[c] - mean)) };
    }

    shuffle() {
      for (let i = this.order.length - 1; i > 0; i--) {
        const j = Math.floor(this.random() * (i + 1));
        [this.order[i], this.order[j]] = [this.order[j], this.order[i]];
      }
    }

    /** One mini-batch: predict, compute the loss, go backward, update, and set to zero. */
    step() {
      const { lr, bs, shuffled, unbiased, unzeroed } = this.settings;
      const { pixels, labels } = this.data;
      const { weights, bias, gradient, biasGradient } = this;
      const i = (this.steps % this.perEpoch) * bs;
      if (shuffled && i === 0) this.shuffle();
      const batch = this.order.slice(i, i + bs);
      const sums = new Float64Array(PIXELS * CLASSES), biasSums = new Float64Array(CLASSES);
      let total = 0;
      for (const picture of batch) {
        const { loss, slope } = this.judge(this.logits(picture), labels[picture]);
        total += loss;
        for (let p = 0, first = picture * PIXELS; p < PIXELS; p++) {
          const pixel = pixels[first + p] / 256;
          if (pixel) for (let c = 0; c < CLASSES; c++) sums[p * CLASSES + c] += pixel * slope[c];
        }
        for (let c = 0; c < CLASSES; c++) biasSums[c] += slope[c];
      }
      for (let k = 0; k < sums.length; k++) {
        gradient[k] += sums[k] / batch.length; // backward() adds to what is there
        weights[k] -= lr * gradient[k];
        if (!unzeroed) gradient[k] = 0;
      }
      for (let c = 0; c < CLASSES && !unbiased; c++) {
        biasGradient[c] += biasSums[c] / batch.length;
        bias[c] -= lr * biasGradient[c];
        if (!unzeroed) biasGradient[c] = 0;
      }
      this.steps += 1;
      return total / batch.length;
    }

    /** Loss and accuracy on the validation pictures, and how often each class was answered. */
    validate() {
      const { labels, n } = this.data, answers = new Array(CLASSES).fill(0);
      let right = 0, total = 0;
      for (let picture = n; picture < labels.length; picture++) {
        const logits = this.logits(picture);
        const answer = logits.indexOf(Math.max(...logits));
        answers[Math.max(0, answer)] += 1;
        right += answer === labels[picture];
        total += this.judge(logits, labels[picture]).loss;
      }
      const count = labels.length - n;
      return { loss: total / count, accuracy: right / count, answers: answers.map((a) => a / count) };
    }
  }

  return Learner;
};
