#!/usr/bin/env python3
"""Golden values of encoder-decoder Transformers from torch.nn's Transformer layers, PyTorch 1.13 (see make_goldens.py).

    python3 test/goldens/make_pair_transformer_goldens.py          # rewrites test/goldens/pair-transformer.json

Stacks of torch.nn.TransformerEncoderLayer and TransformerDecoderLayer with padding masks, their weights stored by our names:
logits, the mean cross-entropy, and its gradients by every parameter.
"""
import json, pathlib
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(13)
HERE = pathlib.Path(__file__).parent
BASE = dict(sourceVocabSize=5, vocabSize=6, context=6, width=8, heads=2, layers=2, feedForward=12, attention=True,
            crossAttention=True, activation="relu", gated=False, norm="post", normKind="layer", residual=True, dropout=0,
            bias=True, positions="sinusoidal", causal=True, tied=True)
CASES = {
    "as in Vaswani et al.": {},
    "pre-norm, learned positions, untied, GELU": dict(norm="pre", positions="learned", tied=False, activation="gelu"),
    "no positions, four heads, no causal mask": dict(norm="pre", positions="none", heads=4, causal=False),
}
SOURCE = torch.tensor([[1, 4, 0, 2], [3, 2, -1, -1], [0, 1, 2, -1]])
TARGET = torch.tensor([[5, 1, 2, 0, 5], [5, 3, 5, -1, -1], [5, 4, 4, 5, -1]])


def waves(T, W):
    a = torch.arange(T)[:, None] * 10000.0 ** (-torch.arange(W // 2) / (W // 2))
    return torch.cat([a.sin(), a.cos()], -1)


class Model(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.o = o
        W = o["width"]
        how = dict(d_model=W, nhead=o["heads"], dim_feedforward=o["feedForward"], dropout=0.0, activation=o["activation"],
                   batch_first=True, norm_first=o["norm"] == "pre")
        last = lambda: nn.LayerNorm(W) if o["norm"] == "pre" else None
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(**how), o["layers"], last(), enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(**how), o["layers"], last())
        self.wte = nn.ModuleList([nn.Embedding(o["sourceVocabSize"], W), nn.Embedding(o["vocabSize"], W)])
        if o["positions"] == "learned":
            self.wpe = nn.ModuleList([nn.Embedding(o["context"], W), nn.Embedding(o["context"], W)])
        if not o["tied"]:
            self.head = nn.Linear(W, o["vocabSize"], bias=False)

    def embed(self, side, tokens):
        o, (_, T) = self.o, tokens.shape
        x = self.wte[side](tokens.clamp(min=0))
        if o["positions"] == "learned":
            return x + self.wpe[side].weight[:T]
        return x * o["width"] ** 0.5 + waves(T, o["width"]) if o["positions"] == "sinusoidal" else x

    def forward(self, source, read):
        hidden = source < 0
        memory = self.encoder(self.embed(0, source), src_key_padding_mask=hidden)
        T = read.shape[1]
        mask = torch.full((T, T), float("-inf")).triu(1) if self.o["causal"] else None
        y = self.decoder(self.embed(1, read), memory, tgt_mask=mask, memory_key_padding_mask=hidden)
        return F.linear(y, self.wte[1].weight if self.o["tied"] else self.head.weight)

    def named(self, of):
        """Tensors of the parameters by our names; `of` gives a parameter's value or gradient."""
        W, out = self.o["width"], {}
        def put(name, module, part=slice(None), prefix=""):
            for kind in ("weight", "bias"):
                p = getattr(module, prefix + kind, None)
                if p is not None:
                    out[f"{name}.{kind}"] = of(p)[part]
        for side, stack in enumerate((self.encoder, self.decoder)):
            at = ("encoder", "decoder")[side]
            out[f"{at}.wte.weight"] = of(self.wte[side].weight)
            if self.o["positions"] == "learned":
                out[f"{at}.wpe.weight"] = of(self.wpe[side].weight)
            for i, layer in enumerate(stack.layers):
                h = f"{at}.h.{i}"
                put(f"{h}.ln_1", layer.norm1)
                put(f"{h}.attn.c_attn", layer.self_attn, prefix="in_proj_")
                put(f"{h}.attn.c_proj", layer.self_attn.out_proj)
                if side == 1:
                    put(f"{h}.ln_cross_attn", layer.norm2)
                    put(f"{h}.crossattention.c_attn", layer.multihead_attn, slice(W, None), "in_proj_")
                    put(f"{h}.crossattention.q_attn", layer.multihead_attn, slice(0, W), "in_proj_")
                    put(f"{h}.crossattention.c_proj", layer.multihead_attn.out_proj)
                put(f"{h}.ln_2", layer.norm3 if side == 1 else layer.norm2)
                put(f"{h}.mlp.c_fc", layer.linear1)
                put(f"{h}.mlp.c_proj", layer.linear2)
            if stack.norm is not None:
                put(f"{at}.ln_f", stack.norm)
        if not self.o["tied"]:
            out["decoder.lm_head.weight"] = of(self.head.weight)
        return out


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
        for key, p in model.named_parameters():
            p.copy_((torch.randn(p.shape) * 400).round() / 1000 + (1 if "norm" in key and "weight" in key else 0))
    read, following = TARGET[:, :-1], TARGET[:, 1:]
    logits = model(SOURCE, read)
    loss = F.cross_entropy(logits.reshape(-1, o["vocabSize"]), following.reshape(-1), ignore_index=-1)
    loss.backward()
    # A position of a learned table that nothing reads has no gradient.
    out[name] = dict(config=o, state=tensors(model.named(lambda p: p)), inputs=tensors(dict(source=SOURCE, target=TARGET)),
                     outputs=tensors(dict(logits=logits * (following >= 0)[..., None], loss=loss)),
                     grads=tensors(model.named(lambda p: p.grad)))
(HERE / "pair-transformer.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
