"""A Transformer in numpy, trained with gradients written by hand, for models of a few ten thousand weights.

It is the usual one with the norms before each part, as CTranslate2 computes it, so that its weights can be given to it
(model.py). One attention head of the last layer of the decoder is also taught which word stands for which, as Marian's
guided alignment does; the models of OPUS-MT have such a head.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Ints = NDArray[np.int64]
Back = Callable[[Array], Array]
"""Given the gradient of what came out: the gradient of what went in; those of the weights are added up on the way."""
FAR = np.float32(-1e9)
PADDING = 0


@dataclass(frozen=True)
class Shape:
    """Of a model."""

    source_words: int
    target_words: int
    width: int = 64
    inner: int = 128
    heads: int = 4
    encoder_layers: int = 1
    decoder_layers: int = 1
    positions: int = 64


@dataclass(frozen=True)
class Batch:
    """Sentence pairs as numbers of tokens, rows filled up with PADDING."""

    source: Ints
    """(sentences, source tokens), the end among them."""
    before: Ints
    """(sentences, target tokens): the start, and the tokens of the translation."""
    after: Ints
    """(sentences, target tokens): the tokens of the translation, and the end."""
    guide: Array
    """(sentences, target tokens, source tokens): how much of each stands for which, rows of 0: nobody says."""


class Transformer:
    """Weights, and the gradients of the last batch."""

    def __init__(self, shape: Shape, seed: int) -> None:
        self.shape = shape
        self.weights: dict[str, Array] = {}
        self.gradients: dict[str, Array] = {}
        dice = np.random.default_rng(seed)

        def matrix(name: str, rows: int, columns: int, scale: float | None = None) -> None:
            size = scale if scale is not None else (2 / (rows + columns)) ** 0.5
            self.weights[name] = dice.normal(0, size, (rows, columns)).astype(np.float32)

        width = shape.width
        matrix("source", shape.source_words, width, width**-0.5)
        matrix("target", shape.target_words, width, width**-0.5)
        matrix("source_places", shape.positions, width, 0.1)
        matrix("target_places", shape.positions, width, 0.1)
        matrix("words", shape.target_words, width)
        self.weights["words_bias"] = np.zeros(shape.target_words, np.float32)
        parts = [(f"encoder{n}.self", True) for n in range(shape.encoder_layers)]
        for n in range(shape.decoder_layers):
            parts += [(f"decoder{n}.self", True), (f"decoder{n}.cross", False)]
        for name, _ in parts:
            for which in ("q", "k", "v", "o"):
                matrix(f"{name}.{which}", width, width)
                self.weights[f"{name}.{which}_bias"] = np.zeros(width, np.float32)
            self._norm(f"{name}.norm")
        for side, layers in (("encoder", shape.encoder_layers), ("decoder", shape.decoder_layers)):
            self._norm(f"{side}.norm")
            for n in range(layers):
                matrix(f"{side}{n}.in", shape.inner, width)
                matrix(f"{side}{n}.out", width, shape.inner)
                self.weights[f"{side}{n}.in_bias"] = np.zeros(shape.inner, np.float32)
                self.weights[f"{side}{n}.out_bias"] = np.zeros(width, np.float32)
                self._norm(f"{side}{n}.norm")

    def _norm(self, name: str) -> None:
        self.weights[f"{name}.gamma"] = np.ones(self.shape.width, np.float32)
        self.weights[f"{name}.beta"] = np.zeros(self.shape.width, np.float32)

    def learn(self, batch: Batch, guide_weight: float) -> float:
        """Compute the gradients of a batch; returns the mean loss of a token."""
        self.gradients = {name: np.zeros_like(weight) for name, weight in self.weights.items()}
        shape = self.shape
        hidden = np.where(batch.source == PADDING, FAR, np.float32(0))[:, None, None, :]
        length = batch.before.shape[1]
        future = np.triu(np.full((length, length), FAR), 1)[None, None]
        x, embedded = self._embed("source", batch.source)
        backs: list[Back] = []
        for n in range(shape.encoder_layers):
            x = self._through(x, backs, f"encoder{n}", hidden)
        memory, encoded = self._normed("encoder.norm", x)
        y, started = self._embed("target", batch.before)
        later: list[Back] = []
        into_memory: list[Array] = []
        for n in range(shape.decoder_layers):
            last = n == shape.decoder_layers - 1
            guide = batch.guide * guide_weight if last else None
            y = self._through(y, later, f"decoder{n}", future, memory, hidden, guide, into_memory)
        out, ended = self._normed("decoder.norm", y)
        logits, projected = self._linear("words", out)
        wanted = batch.after != PADDING
        loss, gradient = _surprise(logits, batch.after, wanted)
        gradient = ended(projected(gradient))
        for back in reversed(later):
            gradient = back(gradient)
        started(gradient)
        gradient = encoded(np.sum(into_memory, axis=0))
        for back in reversed(backs):
            gradient = back(gradient)
        embedded(gradient)
        return loss

    def _through(
        self, x: Array, backs: list[Back], layer: str, mask: Array, memory: Array | None = None,
        hidden: Array | None = None, guide: Array | None = None, into_memory: list[Array] | None = None,
    ) -> Array:  # fmt: skip
        """One layer; what is needed to go back is put into `backs`."""
        x = self._added(x, backs, f"{layer}.self.norm", lambda normed: self._attention(f"{layer}.self", normed, mask))
        if memory is not None and hidden is not None and into_memory is not None:
            x = self._added(
                x,
                backs,
                f"{layer}.cross.norm",
                lambda normed: self._attention(f"{layer}.cross", normed, hidden, memory, guide, into_memory),
            )
        return self._added(x, backs, f"{layer}.norm", lambda normed: self._inner(layer, normed))

    def _added(self, x: Array, backs: list[Back], norm: str, part: Callable[[Array], tuple[Array, Back]]) -> Array:
        normed, unnormed = self._normed(norm, x)
        out, back = part(normed)
        backs.append(lambda gradient: gradient + unnormed(back(gradient)))
        return x + out

    def _embed(self, side: str, tokens: Ints) -> tuple[Array, Back]:
        out = self.weights[side][tokens] + self.weights[f"{side}_places"][: tokens.shape[1]]

        def back(gradient: Array) -> Array:
            np.add.at(self.gradients[side], tokens.reshape(-1), gradient.reshape(-1, gradient.shape[-1]))
            self.gradients[f"{side}_places"][: tokens.shape[1]] += gradient.sum(0)
            return gradient

        return out, back

    def _linear(self, name: str, x: Array) -> tuple[Array, Back]:
        weight = self.weights[name]
        rows = x.reshape(-1, x.shape[-1])  # one product of matrices, not one for each sentence

        def back(gradient: Array) -> Array:
            flat = gradient.reshape(-1, gradient.shape[-1])
            self.gradients[name] += flat.T @ rows
            self.gradients[f"{name}_bias"] += flat.sum(0)
            return (flat @ weight).reshape(x.shape)

        out = rows @ weight.T + self.weights[f"{name}_bias"]
        return out.reshape(*x.shape[:-1], -1), back

    def _normed(self, name: str, x: Array) -> tuple[Array, Back]:
        gamma = self.weights[f"{name}.gamma"]
        centred = x - x.mean(-1, keepdims=True)
        scale = 1 / np.sqrt((centred**2).mean(-1, keepdims=True) + np.float32(1e-5))
        normed = centred * scale

        def back(gradient: Array) -> Array:
            self.gradients[f"{name}.gamma"] += (gradient * normed).sum((0, 1))
            self.gradients[f"{name}.beta"] += gradient.sum((0, 1))
            inner = gradient * gamma
            along = (inner * normed).mean(-1, keepdims=True)
            return scale * (inner - inner.mean(-1, keepdims=True) - normed * along)

        return normed * gamma + self.weights[f"{name}.beta"], back

    def _inner(self, layer: str, x: Array) -> tuple[Array, Back]:
        wide, first = self._linear(f"{layer}.in", x)
        out, second = self._linear(f"{layer}.out", np.maximum(wide, 0))
        return out, lambda gradient: first(second(gradient) * (wide > 0))

    def _attention(
        self, name: str, x: Array, mask: Array, memory: Array | None = None, guide: Array | None = None,
        into_memory: list[Array] | None = None,
    ) -> tuple[Array, Back]:  # fmt: skip
        """Attention to `x` itself, or to `memory`, whose gradient is put into `into_memory`; `guide` is for head 0;
        the last head is taught to look at all tokens alike."""
        heads = self.shape.heads
        seen = x if memory is None else memory
        (q, back_q), (k, back_k), (v, back_v) = (
            self._linear(f"{name}.{which}", one) for which, one in (("q", x), ("k", seen), ("v", seen))
        )
        q, k, v = (_split(one, heads) for one in (q, k, v))
        scale = np.float32(q.shape[-1] ** -0.5)
        scores = q @ k.swapaxes(-1, -2) * scale + mask
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        attention = scores / scores.sum(-1, keepdims=True)
        out, back_o = self._linear(f"{name}.o", _joined(attention @ v))

        def back(gradient: Array) -> Array:
            inner = _split(back_o(gradient), heads)
            to_attention = inner @ v.swapaxes(-1, -2)
            to_scores = attention * (to_attention - (to_attention * attention).sum(-1, keepdims=True))
            if guide is not None:
                said = guide.sum(-1, keepdims=True)
                all_alike = np.exp(mask[:, 0]) / np.exp(mask[:, 0]).sum(-1, keepdims=True) * said
                for head, wanted in ((0, guide), (-1, all_alike)):
                    to_scores[:, head] += (attention[:, head] * said - wanted) / max(1.0, float((said > 0).sum()))
            to_scores *= scale
            to_x = back_q(_joined(to_scores @ k))
            to_seen = back_k(_joined(to_scores.swapaxes(-1, -2) @ q)) + back_v(
                _joined(attention.swapaxes(-1, -2) @ inner)
            )
            if into_memory is None:
                return to_x + to_seen
            into_memory.append(to_seen)
            return to_x

        return out, back


def _split(x: Array, heads: int) -> Array:
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def _joined(x: Array) -> Array:
    return np.ascontiguousarray(x.swapaxes(1, 2)).reshape(x.shape[0], x.shape[2], -1)


def _surprise(logits: Array, wanted: Ints, counts: NDArray[np.bool_]) -> tuple[float, Array]:
    """The mean cross-entropy of the tokens that count, and its gradient."""
    sure = np.exp(logits - logits.max(-1, keepdims=True))
    sure /= sure.sum(-1, keepdims=True)
    rows, columns = np.nonzero(counts)
    chosen = sure[rows, columns, wanted[rows, columns]]
    gradient = sure
    gradient[rows, columns, wanted[rows, columns]] -= 1
    gradient *= counts[..., None] / np.float32(len(rows))
    return float(-np.log(chosen + 1e-9).mean()), gradient


class Adam:
    """Steps down the gradients of a model."""

    def __init__(self, model: Transformer) -> None:
        self._model = model
        self._mean = {name: np.zeros_like(weight) for name, weight in model.weights.items()}
        self._square = {name: np.zeros_like(weight) for name, weight in model.weights.items()}
        self._steps = 0

    def step(self, rate: float) -> None:
        """One step of such a length."""
        self._steps += 1
        first, second = 1 - 0.9**self._steps, 1 - 0.98**self._steps
        for name, gradient in self._model.gradients.items():
            mean, square = self._mean[name], self._square[name]
            mean += np.float32(0.1) * (gradient - mean)
            square += np.float32(0.02) * (gradient**2 - square)
            change = np.float32(rate / first) * mean / (np.sqrt(square / np.float32(second)) + np.float32(1e-8))
            self._model.weights[name] -= change
