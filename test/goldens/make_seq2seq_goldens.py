#!/usr/bin/env python3
"""Golden values of recurrent encoder-decoder models from PyTorch 1.13 (see make_goldens.py).

    python3 test/goldens/make_seq2seq_goldens.py          # rewrites test/goldens/seq2seq.json

The encoder is torch.nn.RNN/LSTM/GRU over packed sequences of different lengths, the decoder a loop of their cells with the
attention written out plainly. Each case: logits, the mean cross-entropy, and its gradients by every parameter.
"""
import json, pathlib
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.set_default_dtype(torch.float64)
torch.manual_seed(11)
HERE = pathlib.Path(__file__).parent
BASE = dict(sourceVocabSize=5, vocabSize=6, cell="lstm", embedding=4, width=6, layers=1, bidirectional=False,
            attention="none", inputFeeding=False, dropout=0)
CASES = {
    "fixed code, LSTM, two layers": dict(layers=2),
    "fixed code, GRU, two directions": dict(cell="gru", bidirectional=True),
    "fixed code, RNN": dict(cell="rnn"),
    "additive attention, GRU, two directions": dict(cell="gru", attention="additive", bidirectional=True),
    "additive attention, LSTM, two layers": dict(attention="additive", layers=2),
    "dot attention, LSTM, two layers, two directions": dict(attention="dot", layers=2, bidirectional=True),
    "general attention, LSTM": dict(attention="general"),
    "general attention with input feeding, GRU, two layers": dict(cell="gru", attention="general", inputFeeding=True, layers=2),
}
CELLS = {"rnn": (nn.RNN, nn.RNNCell), "lstm": (nn.LSTM, nn.LSTMCell), "gru": (nn.GRU, nn.GRUCell)}
SOURCE = torch.tensor([[1, 4, 0, 2], [3, 2, -1, -1], [0, 1, 2, -1]])
TARGET = torch.tensor([[5, 1, 2, 0, 5], [5, 3, 5, -1, -1], [5, 4, 4, 5, -1]])


class Model(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.o = o
        E, W, L = o["embedding"], o["width"], o["layers"]
        D = 2 if o["bidirectional"] else 1
        rnn, _ = CELLS[o["cell"]]
        feeds = o["attention"] == "additive" or o["inputFeeding"]
        linear = lambda i, n: nn.Linear(i, n, bias=False)
        encoder, decoder = nn.Module(), nn.Module()
        encoder.embedding = nn.Embedding(o["sourceVocabSize"], E)
        encoder.rnn = rnn(E, W // D, L, bidirectional=D == 2, batch_first=True)
        decoder.embedding = nn.Embedding(o["vocabSize"], E)
        decoder.rnn = rnn(E + (W if feeds else 0), W, L, batch_first=True)
        if o["attention"] != "none":
            decoder.score = nn.Module()
            if o["attention"] == "additive":
                decoder.score.query, decoder.score.v = linear(W, W), linear(W, 1)
            if o["attention"] != "dot":
                decoder.score.key = linear(W, W)
            decoder.attentional = linear(2 * W, W)
        decoder.head = nn.Linear(W, o["vocabSize"])
        self.encoder, self.decoder = encoder, decoder

    def cell(self, layer, x, state):
        rnn = self.decoder.rnn
        p = [getattr(rnn, f"{n}_l{layer}") for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        if self.o["cell"] == "lstm":
            return torch._VF.lstm_cell(x, state, *p)
        f = {"gru": torch._VF.gru_cell, "rnn": torch._VF.rnn_tanh_cell}[self.o["cell"]]
        return (f(x, state[0], *p),)

    def attend(self, s, states, hidden):
        score = self.decoder.score
        kind = self.o["attention"]
        if kind == "additive":
            e = score.v(torch.tanh(score.query(s)[:, None] + score.key(states)))[..., 0]
        else:
            keys = score.key(states) if kind == "general" else states
            e = (keys * s[:, None]).sum(-1)
        a = e.masked_fill(hidden, float("-inf")).softmax(-1)
        return (a[..., None] * states).sum(1)

    def forward(self, source, read):
        o = self.o
        lengths = (source >= 0).sum(1)
        packed = pack_padded_sequence(self.encoder.embedding(source.clamp(min=0)), lengths, batch_first=True, enforce_sorted=False)
        out, last = self.encoder.rnn(packed)
        states, _ = pad_packed_sequence(out, batch_first=True, total_length=source.shape[1])
        last = last if isinstance(last, tuple) else (last,)
        D = 2 if o["bidirectional"] else 1
        now = [tuple(torch.cat([part[D * l + d] for d in range(D)], -1) for part in last) for l in range(o["layers"])]
        feed = torch.zeros_like(now[0][0])
        hidden, logits = source < 0, []
        for t in range(read.shape[1]):
            x = self.decoder.embedding(read[:, t].clamp(min=0))
            if o["attention"] == "additive":
                c = self.attend(now[-1][0], states, hidden)
                x = torch.cat([x, c], -1)
            elif o["inputFeeding"]:
                x = torch.cat([x, feed], -1)
            for l in range(o["layers"]):
                now[l] = self.cell(l, x, now[l])
                x = now[l][0]
            h = s = x
            if o["attention"] != "none":
                if o["attention"] != "additive":
                    c = self.attend(s, states, hidden)
                h = feed = torch.tanh(self.decoder.attentional(torch.cat([c, s], -1)))
            logits.append(self.decoder.head(h))
        return torch.stack(logits, 1)


def stored(t):
    if t.dtype == torch.int64:
        return dict(shape=list(t.shape), data=t.flatten().tolist(), dtype="int64")
    return dict(shape=list(t.shape), data=[float(f"{v:.7g}") for v in t.detach().flatten().tolist()])


tensors = lambda d: {k: stored(v) for k, v in d.items()}
out = {}
for name, changes in CASES.items():
    o = {**BASE, **changes}
    model = Model(o)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_((torch.randn(p.shape) * 400).round() / 1000)
    read, following = TARGET[:, :-1], TARGET[:, 1:]
    logits = model(SOURCE, read)
    loss = F.cross_entropy(logits.reshape(-1, o["vocabSize"]), following.reshape(-1), ignore_index=-1)
    loss.backward()
    own = (following >= 0)[..., None]
    out[name] = dict(config=o, state=tensors(dict(model.named_parameters())), inputs=tensors(dict(source=SOURCE, target=TARGET)),
                     outputs=tensors(dict(logits=logits * own, loss=loss)),
                     grads=tensors({k: p.grad for k, p in model.named_parameters()}))
(HERE / "seq2seq.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
