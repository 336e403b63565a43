#!/usr/bin/env python3
"""Golden values from PyTorch (made with 1.13, CPU), so that our networks can be held against them.

    python3 test/goldens/make_goldens.py          # rewrites test/goldens/*.json

Format. One JSON file a group (networks, recurrent, layers, activations, losses, optimizers, penalty, transformers); each maps
a case's name to

    {"config":  plain options, named as PyTorch names them,
     "state":   {state-dict name: tensor},         parameters and buffers before the pass
     "inputs":  {name: tensor},
     "outputs": {name: tensor},
     "grads":   {name: tensor}}                    of every parameter (by state-dict name) and float input

A tensor is {"shape": [...], "data": [flat, row-major]}, float32 unless it has "dtype": "int64".
Where `inputs` has "cotangent" (or "cotangent.NAME" beside output NAME), the gradients are those of
Σ outputs·cotangents; where `outputs` has "loss", they are the loss's. All is computed in float64 from values
with three decimals, and written with seven digits: a float32 engine should agree to about 1e-5.

An optimizer case holds "state" (first values), "inputs" ("grad.NAME": [steps, ...], the gradients to feed, one a
step) and "outputs" ("NAME": [steps, ...], the parameters after each step). test/goldens/read.ts reads it all.
"""
import json, math, pathlib
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
HERE = pathlib.Path(__file__).parent
groups = {}


def rand(*shape, scale=1.0):
    """Normal values with three decimals."""
    return (torch.randn(shape) * scale * 1000).round().div(1000)


def leaf(*shape, scale=1.0):
    return rand(*shape, scale=scale).requires_grad_()


def dump(t):
    t = t.detach()
    if not t.is_floating_point():
        return {"dtype": "int64", "shape": list(t.shape), "data": t.flatten().tolist()}
    return {"shape": list(t.shape), "data": [float(f"{v:.7g}") for v in t.flatten().tolist()]}


def rounded(module, scale=0.4):
    """Parameters with three decimals; weights that are not trivial (norms' gains too)."""
    with torch.no_grad():
        for name, p in module.named_parameters():
            p.copy_(rand(*p.shape, scale=scale) + (1.0 if "norm" in name and name.endswith("weight") else 0.0))
            p.copy_((p * 1000).round().div(1000))
    return module


def case(group, name, module, inputs, outputs, loss=None, config=None, state=None):
    """Records a case; backward runs from `loss`, or from the outputs against random cotangents."""
    if state is None:
        state = {k: dump(v) for k, v in module.state_dict().items()} if module is not None else {}
    recorded = {k: dump(v) for k, v in inputs.items()}
    outputs = dict(outputs)
    if loss is None:
        pieces = []
        for key, out in outputs.items():
            if not (out.is_floating_point() and out.requires_grad):
                continue
            c = rand(*out.shape)
            recorded["cotangent" if len(outputs) == 1 else f"cotangent.{key}"] = dump(c)
            pieces.append((out * c).sum())
        total = sum(pieces) if pieces else None
    else:
        total = loss
        outputs["loss"] = loss
    grads = {}
    if total is not None:
        for p in module.parameters() if module is not None else []:
            p.grad = None
        total.backward()
        if module is not None:
            grads = {k: dump(p.grad) for k, p in module.named_parameters() if p.grad is not None}
        grads.update({k: dump(v.grad) for k, v in inputs.items() if v.is_leaf and v.grad is not None})
    groups.setdefault(group, {})[name] = {
        "config": config or {}, "state": state, "inputs": recorded,
        "outputs": {k: dump(v) for k, v in outputs.items()}, "grads": grads}


# ---- whole networks ----

class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(2, 4, 3, padding=1), nn.GroupNorm(2, 4)
        self.conv2, self.norm2 = nn.Conv2d(4, 6, 3, stride=2, padding=1), nn.GroupNorm(3, 6)
        self.linear = nn.Linear(6 * 3 * 3, 4)

    def forward(self, x):
        x = F.silu(self.norm1(self.conv1(x)))
        x = F.relu(self.norm2(self.conv2(x)))
        return self.linear(x.flatten(1))


class Block(nn.Module):
    """A pre-norm Transformer block: x + attn(norm1(x)), then x + mlp(norm2(x))."""

    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width), nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x, mask=None):
        h = self.norm1(x)
        x = x + self.attn(h, h, h, attn_mask=mask, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


def networks():
    mlp = rounded(nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3)))
    x, y = leaf(6, 5), rand(6, 3)
    out = mlp(x)
    case("networks", "mlp", mlp, {"x": x, "target": y}, {"y": out}, F.mse_loss(out, y))

    net = rounded(ConvNet())
    x, labels = leaf(3, 2, 6, 6), torch.tensor([2, 0, 3])
    out = net(x)
    case("networks", "convnet", net, {"x": x, "labels": labels}, {"y": out}, F.cross_entropy(out, labels))

    for name, mask in [("attention_block", None), ("causal_attention_block", torch.triu(torch.ones(5, 5), 1).bool())]:
        block, x = rounded(Block(8, 2)), leaf(2, 5, 8)
        case("networks", name, block, {"x": x}, {"y": block(x, mask)}, config={"embed_dim": 8, "num_heads": 2})

    cross = rounded(nn.MultiheadAttention(8, 4, batch_first=True, kdim=6, vdim=5))
    q, k, v = leaf(2, 3, 8), leaf(2, 4, 6), leaf(2, 4, 5)
    case("networks", "cross_attention", cross, {"query": q, "key": k, "value": v},
         {"y": cross(q, k, v, need_weights=False)[0]}, config={"embed_dim": 8, "num_heads": 4, "kdim": 6, "vdim": 5})

    # One context for keys and values, of which the second example has only the first two tokens.
    cross = rounded(nn.MultiheadAttention(8, 2, batch_first=True))
    x, context, lengths = leaf(2, 3, 8), leaf(2, 4, 8), torch.tensor([4, 2])
    padding = torch.arange(4)[None] >= lengths[:, None]
    case("networks", "padded_cross_attention", cross, {"x": x, "context": context, "lengths": lengths},
         {"y": cross(x, context, context, key_padding_mask=padding, need_weights=False)[0]},
         config={"embed_dim": 8, "num_heads": 2})


# ---- recurrent cells, unrolled over x [batch, time, features] ----

def recurrent():
    kinds = {"LSTMCell": nn.LSTMCell(3, 4), "GRUCell": nn.GRUCell(3, 4), "RNNCell": nn.RNNCell(3, 4),
             "RNNCell_relu": nn.RNNCell(3, 4, nonlinearity="relu")}
    for name, cell in kinds.items():
        rounded(cell)
        x, h0 = leaf(2, 3, 3), leaf(2, 4)
        inputs = {"x": x, "h0": h0}
        if name == "LSTMCell":
            c0 = inputs["c0"] = leaf(2, 4)
            h, c = h0, c0
        else:
            h = h0
        hs = []
        for t in range(3):
            if name == "LSTMCell":
                h, c = cell(x[:, t], (h, c))
            else:
                h = cell(x[:, t], h)
            hs.append(h)
        outputs = {"h": torch.stack(hs, 1)}
        if name == "LSTMCell":
            outputs["c"] = c
        config = {"input_size": 3, "hidden_size": 4, "nonlinearity": "relu" if name.endswith("relu") else "tanh"}
        case("recurrent", name, cell, inputs, outputs, config=config)

    for name, cls in {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}.items():
        config = {"input_size": 3, "hidden_size": 2, "num_layers": 2, "bidirectional": True}
        net = rounded(cls(**config, batch_first=True))
        x, h0 = leaf(2, 3, 3), leaf(4, 2, 2)
        inputs = {"x": x, "h0": h0}
        if name == "LSTM":
            inputs["c0"] = leaf(4, 2, 2)
            output, (h, c) = net(x, (h0, inputs["c0"]))
            outputs = {"output": output, "h": h, "c": c}
        else:
            output, h = net(x, h0)
            outputs = {"output": output, "h": h}
        case("recurrent", name, net, inputs, outputs, config=config)


# ---- single layers ----

def layers():
    def one(name, module, x, config, scale=0.4):
        rounded(module, scale)
        case("layers", name, module, {"x": x}, {"y": module(x)}, config=config)

    one("Linear", nn.Linear(4, 3), leaf(2, 5, 4), {"in_features": 4, "out_features": 3})
    one("Linear_no_bias", nn.Linear(4, 3, bias=False), leaf(2, 4), {"in_features": 4, "out_features": 3, "bias": False})
    for name, c in {
        "Conv2d": dict(in_channels=4, out_channels=6, kernel_size=3, padding=1),
        "Conv2d_stride_dilation_groups": dict(in_channels=4, out_channels=6, kernel_size=[3, 2], stride=[2, 1],
                                              padding=[2, 1], dilation=[2, 1], groups=2, bias=False),
    }.items():
        kw = {k: tuple(v) if isinstance(v, list) else v for k, v in c.items()}
        one(name, nn.Conv2d(**kw), leaf(2, 4, 6, 5), c)
    for name, c in {
        "ConvTranspose2d": dict(in_channels=4, out_channels=3, kernel_size=4, stride=2, padding=1),
        "ConvTranspose2d_output_padding": dict(in_channels=4, out_channels=2, kernel_size=3, stride=2, padding=1,
                                               output_padding=1),
        "ConvTranspose2d_groups_dilation": dict(in_channels=4, out_channels=6, kernel_size=[2, 3], stride=[1, 2],
                                                dilation=[2, 1], groups=2, bias=False),
    }.items():
        kw = {k: tuple(v) if isinstance(v, list) else v for k, v in c.items()}
        one(name, nn.ConvTranspose2d(**kw), leaf(2, 4, 4, 3), c)

    def norm(name, module, x, config):
        case("layers", name, rounded_norm(module), {"x": x}, {"y": module(x)}, config=config)

    def rounded_norm(module):
        with torch.no_grad():
            module.weight.copy_((1 + rand(*module.weight.shape, scale=0.4)).mul(1000).round().div(1000))
            module.bias.copy_(rand(*module.bias.shape, scale=0.4))
        return module

    norm("LayerNorm", nn.LayerNorm(6), leaf(2, 3, 6), {"normalized_shape": [6], "eps": 1e-5})
    norm("LayerNorm_two_axes", nn.LayerNorm([4, 6], eps=1e-3), leaf(3, 4, 6), {"normalized_shape": [4, 6], "eps": 1e-3})
    norm("GroupNorm", nn.GroupNorm(3, 6), leaf(2, 6, 3, 2), {"num_groups": 3, "num_channels": 6, "eps": 1e-5})

    # RMSNorm came after 1.13: x / sqrt(mean x² + eps) · weight
    class RMSNorm(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(1 + rand(6, scale=0.4))

        def forward(self, x):
            return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * self.weight

    module = RMSNorm()
    module.weight.data = module.weight.data.mul(1000).round().div(1000)
    x = leaf(2, 3, 6)
    case("layers", "RMSNorm", module, {"x": x}, {"y": module(x)}, config={"normalized_shape": [6], "eps": 1e-6})

    bn = rounded_norm(nn.BatchNorm2d(3))
    bn.running_mean.copy_(rand(3))
    bn.running_var.copy_(rand(3).abs() + 0.5)
    state = {k: dump(v) for k, v in bn.state_dict().items()}
    config = {"num_features": 3, "eps": 1e-5, "momentum": 0.1}
    x = leaf(4, 3, 3, 2)
    bn.eval()
    case("layers", "BatchNorm2d_eval", bn, {"x": x}, {"y": bn(x)}, config=config, state=state)
    bn.train()
    x = leaf(4, 3, 3, 2)
    y = bn(x)
    after = {f"{k}.after": v.clone() for k, v in bn.state_dict().items() if k.startswith("running") or "num_batches" in k}
    c = rand(*y.shape)
    bn.zero_grad()
    (y * c).sum().backward()
    groups["layers"]["BatchNorm2d_train"] = {
        "config": config, "state": state, "inputs": {"x": dump(x), "cotangent": dump(c)},
        "outputs": {"y": dump(y), **{k: dump(v) for k, v in after.items()}},
        "grads": {**{k: dump(p.grad) for k, p in bn.named_parameters()}, "x": dump(x.grad)}}

    emb = rounded(nn.Embedding(7, 4))
    index = torch.tensor([[0, 3, 6], [3, 3, 1]])
    case("layers", "Embedding", emb, {"x": index}, {"y": emb(index)}, config={"num_embeddings": 7, "embedding_dim": 4})

    for name, fn, c in [
        ("MaxPool2d", nn.MaxPool2d(2), {"kernel_size": 2}),
        ("MaxPool2d_overlapping", nn.MaxPool2d(3, 2, 1), {"kernel_size": 3, "stride": 2, "padding": 1}),
        ("AvgPool2d", nn.AvgPool2d(2), {"kernel_size": 2}),
        ("AvgPool2d_overlapping", nn.AvgPool2d(3, 2, 1), {"kernel_size": 3, "stride": 2, "padding": 1}),
        ("UpsampleNearest2d", nn.Upsample(scale_factor=2, mode="nearest"), {"scale_factor": 2}),
    ]:
        x = leaf(2, 2, 6, 4)
        case("layers", name, None, {"x": x}, {"y": fn(x)}, config=c)

    for name, c in {
        "Conv1d": dict(in_channels=3, out_channels=5, kernel_size=4, padding="same"),
        "Conv1d_stride_dilation_groups": dict(in_channels=4, out_channels=6, kernel_size=3, stride=2, padding=2,
                                              dilation=2, groups=2, bias=False),
    }.items():
        one(name, nn.Conv1d(**c), leaf(2, c["in_channels"], 9), c)
    for name, fn, c in [
        ("MaxPool1d", nn.MaxPool1d(2), {"kernel_size": 2}),
        ("MaxPool1d_overlapping", nn.MaxPool1d(3, 2, 1), {"kernel_size": 3, "stride": 2, "padding": 1}),
        ("AvgPool1d", nn.AvgPool1d(4), {"kernel_size": 4}),
        ("AvgPool1d_overlapping", nn.AvgPool1d(3, 2, 1), {"kernel_size": 3, "stride": 2, "padding": 1}),
    ]:
        x = leaf(2, 3, 8)
        case("layers", name, None, {"x": x}, {"y": fn(x)}, config=c)


def activations():
    for name, fn, c in [
        ("relu", F.relu, {}), ("leaky_relu", lambda x: F.leaky_relu(x, 0.2), {"negative_slope": 0.2}),
        ("elu", F.elu, {}), ("gelu", F.gelu, {}), ("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), {}),
        ("silu", F.silu, {}), ("tanh", torch.tanh, {}), ("sigmoid", torch.sigmoid, {}), ("softplus", F.softplus, {}),
        ("logsigmoid", F.logsigmoid, {}), ("softmax", lambda x: F.softmax(x, -1), {"dim": -1}),
        ("log_softmax", lambda x: F.log_softmax(x, 0), {"dim": 0}), ("hardtanh", F.hardtanh, {}),
        ("mish", F.mish, {}),
    ]:
        x = leaf(3, 5, scale=2)
        case("activations", name, None, {"x": x}, {"y": fn(x)}, config=c)


def losses():
    def one(name, fn, inputs, **config):
        for reduction in ["mean", "sum", "none"] + (["batchmean"] if name.startswith("kl") else []):
            fresh = {k: (v.detach().clone().requires_grad_() if k == "input" else v) for k, v in inputs.items()}
            out = fn(*fresh.values(), reduction=reduction, **config)
            c = {k: (v.tolist() if torch.is_tensor(v) else v) for k, v in config.items()}
            case("losses", f"{name}_{reduction}", None, fresh, {"y": out}, config={**c, "reduction": reduction})

    x, y = rand(3, 4), rand(3, 4)
    one("mse", F.mse_loss, {"input": x, "target": y})
    one("l1", F.l1_loss, {"input": x, "target": y})
    one("smooth_l1", F.smooth_l1_loss, {"input": x, "target": y}, beta=0.5)
    one("huber", F.huber_loss, {"input": x, "target": y}, delta=0.7)
    p = torch.sigmoid(rand(3, 4)).mul(1000).round().div(1000)
    t = torch.sigmoid(rand(3, 4)).mul(1000).round().div(1000)
    one("bce", F.binary_cross_entropy, {"input": p, "target": t})
    one("bce_logits", F.binary_cross_entropy_with_logits, {"input": rand(3, 4, scale=3), "target": t})
    one("bce_logits_pos_weight", F.binary_cross_entropy_with_logits, {"input": rand(3, 4), "target": t},
        pos_weight=torch.tensor([2.0, 1.0, 0.5, 3.0]))
    logits, labels, some = rand(5, 4), torch.tensor([1, 0, 3, 3, 2]), torch.tensor([1, -100, 3, 0, -100])
    one("cross_entropy", F.cross_entropy, {"input": logits, "target": labels})
    one("cross_entropy_smooth", F.cross_entropy, {"input": logits, "target": labels}, label_smoothing=0.1)
    one("cross_entropy_ignore", F.cross_entropy, {"input": logits, "target": some})
    one("cross_entropy_smooth_ignore", F.cross_entropy, {"input": logits, "target": some}, label_smoothing=0.2)
    one("nll", F.nll_loss, {"input": F.log_softmax(logits, -1).mul(1000).round().div(1000), "target": some})
    log_q = F.log_softmax(rand(3, 4), -1).mul(1000).round().div(1000)
    q = F.softmax(rand(3, 4), -1).mul(1000).round().div(1000)
    one("kl_div", F.kl_div, {"input": log_q, "target": q})
    one("kl_div_log_target", F.kl_div, {"input": log_q, "target": q.log().mul(1000).round().div(1000)},
        log_target=True)
    one("gaussian_nll", F.gaussian_nll_loss, {"input": rand(3, 4), "target": rand(3, 4), "var": rand(3, 4).square()})
    one("gaussian_nll_full", F.gaussian_nll_loss, {"input": rand(3, 4), "target": rand(3, 4), "var": rand(3, 1).square()},
        full=True, eps=0.2)


def optimizers():
    steps = 5
    table = {
        "SGD": (torch.optim.SGD, dict(lr=0.1)),
        "SGD_weight_decay": (torch.optim.SGD, dict(lr=0.1, weight_decay=0.05)),
        "SGD_momentum": (torch.optim.SGD, dict(lr=0.1, momentum=0.9)),
        "SGD_momentum_dampening": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, dampening=0.3)),
        "SGD_nesterov": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)),
        "Adam": (torch.optim.Adam, dict(lr=0.01)),
        "Adam_betas_weight_decay": (torch.optim.Adam, dict(lr=0.02, betas=(0.5, 0.9), eps=1e-6, weight_decay=0.1)),
        "AdamW": (torch.optim.AdamW, dict(lr=0.01, weight_decay=0.1)),
        "RMSprop": (torch.optim.RMSprop, dict(lr=0.01)),
        "RMSprop_centered_momentum": (torch.optim.RMSprop, dict(lr=0.01, alpha=0.9, momentum=0.8, centered=True,
                                                                weight_decay=0.01)),
    }
    for name, (cls, config) in table.items():
        params = {"weight": leaf(2, 3), "bias": leaf(3)}
        state = {k: dump(v) for k, v in params.items()}
        grads = {k: rand(steps, *v.shape) for k, v in params.items()}
        optimizer = cls(params.values(), **config)
        seen = {k: [] for k in params}
        for i in range(steps):
            for k, p in params.items():
                p.grad = grads[k][i].clone()
            optimizer.step()
            for k, p in params.items():
                seen[k].append(p.detach().clone())
        groups.setdefault("optimizers", {})[name] = {
            "config": {**config, "betas": list(config["betas"])} if "betas" in config else config, "state": state,
            "inputs": {f"grad.{k}": dump(v) for k, v in grads.items()},
            "outputs": {k: dump(torch.stack(v)) for k, v in seen.items()}, "grads": {}}

    for name, limit in [("clip_grad_norm", 1.0), ("clip_grad_norm_below", 50.0)]:
        params = {"weight": leaf(2, 3), "bias": leaf(3)}
        for p in params.values():
            p.grad = rand(*p.shape, scale=3)
        inputs = {f"grad.{k}": dump(p.grad) for k, p in params.items()}
        total = nn.utils.clip_grad_norm_(params.values(), limit)
        groups["optimizers"][name] = {
            "config": {"max_norm": limit}, "state": {}, "inputs": inputs,
            "outputs": {"total_norm": dump(total), **{k: dump(p.grad) for k, p in params.items()}}, "grads": {}}


def penalty():
    """WGAN-GP (Gulrajani et al., 2017, eq. 3): λ·E(‖∇_x̂ D(x̂)‖₂ − 1)², and its gradient in D's weights."""
    for name, act in [("wgan_gp", nn.LeakyReLU(0.2)), ("wgan_gp_silu", nn.SiLU())]:
        d = rounded(nn.Sequential(nn.Linear(4, 6), act, nn.Linear(6, 6), act, nn.Linear(6, 1)), 0.6)
        real, fake = rand(5, 4), rand(5, 4)
        eps = torch.tensor([[0.1], [0.35], [0.5], [0.8], [0.95]])
        mix = (eps * real + (1 - eps) * fake).requires_grad_()
        (g,) = torch.autograd.grad(d(mix).sum(), mix, create_graph=True)
        loss = 10 * ((g.norm(dim=1) - 1) ** 2).mean()
        # The last bias has no part in the penalty: PyTorch leaves its gradient out, and so does the file.
        case("penalty", name, d, {"real": real, "fake": fake, "eps": eps}, {"gradient": g}, loss,
             config={"lambda": 10})


# ---- Transformer blocks, without dropout ----

def transformers():
    width = {"d_model": 8, "nhead": 2, "dim_feedforward": 12, "dropout": 0.0}
    causal = torch.triu(torch.ones(4, 4), 1).bool()
    padding = torch.arange(4)[None] >= torch.tensor([4, 2])[:, None]  # of the second example two tokens

    for name, c, masked in [("encoder_layer", {}, False), ("encoder_layer_masked", {}, True),
                            ("encoder_layer_norm_first", {"norm_first": True, "activation": "gelu"}, True)]:
        layer = rounded(nn.TransformerEncoderLayer(**width, **c, batch_first=True))
        x = leaf(2, 4, 8)
        masks = dict(src_mask=causal, src_key_padding_mask=padding) if masked else {}
        case("transformers", name, layer, {"x": x}, {"y": layer(x, **masks)}, config={**width, **c, "masked": masked})

    for name, c, masked in [("decoder_layer", {}, False),
                            ("decoder_layer_norm_first", {"norm_first": True, "activation": "gelu"}, True)]:
        layer = rounded(nn.TransformerDecoderLayer(**width, **c, batch_first=True))
        x, memory, bias = leaf(2, 3, 8), leaf(2, 4, 8), rand(3, 4)
        masks = dict(tgt_mask=causal[:3, :3], memory_mask=bias, memory_key_padding_mask=padding) if masked else {}
        case("transformers", name, layer, {"x": x, "memory": memory, "bias": bias}, {"y": layer(x, memory, **masks)},
             config={**width, **c, "masked": masked})

    encoder = rounded(nn.TransformerEncoder(nn.TransformerEncoderLayer(**width, batch_first=True), 2,
                                            norm=nn.LayerNorm(8), enable_nested_tensor=False))
    x = leaf(2, 4, 8)
    case("transformers", "encoder", encoder, {"x": x}, {"y": encoder(x, src_key_padding_mask=padding)},
         config={**width, "num_layers": 2})

    decoder = rounded(nn.TransformerDecoder(nn.TransformerDecoderLayer(**width, norm_first=True, batch_first=True), 2,
                                            norm=nn.LayerNorm(8)))
    x, memory = leaf(2, 4, 8), leaf(2, 4, 8)
    case("transformers", "decoder", decoder, {"x": x, "memory": memory},
         {"y": decoder(x, memory, tgt_mask=causal, tgt_key_padding_mask=padding)}, config={**width, "num_layers": 2})

    # Numbers to add for each example and head, and padding among the keys.
    attention = rounded(nn.MultiheadAttention(8, 2, batch_first=True))
    x, y, bias = leaf(2, 3, 8), leaf(2, 4, 8), rand(4, 3, 4)
    case("transformers", "attention_masks", attention, {"x": x, "y": y, "bias": bias},
         {"y": attention(x, y, y, attn_mask=bias, key_padding_mask=padding, need_weights=False)[0]},
         config={"embed_dim": 8, "num_heads": 2})


for i, make in enumerate([networks, recurrent, layers, activations, losses, optimizers, penalty, transformers]):
    torch.manual_seed(i + 1)
    make()
for group, cases in groups.items():
    text = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in cases.items())
    (HERE / f"{group}.json").write_text("{\n" + text + "\n}\n")
    print(f"{group}.json: {len(cases)} cases")
