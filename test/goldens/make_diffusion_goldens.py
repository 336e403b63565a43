#!/usr/bin/env python3
"""Golden values for the diffusion networks, from an independent PyTorch writing of them (1.13, CPU).

    python3 test/goldens/make_diffusion_goldens.py          # rewrites test/goldens/diffusion.json

diffusers itself is not needed: the U-Net is a transcription of what its published source computes (unet_2d.py,
unet_2d_blocks.py, resnet.py, embeddings.py, activations.py), with plain functions over a state dict that has diffusers'
names; no line of it is copied. DiT likewise, with the names of the authors' models.py. The format is that of
make_goldens.py; "grads" are those of the sum of outputs times "cotangent". Float64 throughout.

subsequences.json has the official DDIM code's quadratic subsequence for T = 1000 and every S from 2 to 1000: the first
eight hexadecimal digits of the SHA-256 of its times, each once, as decimals joined by commas.
"""
import hashlib, json, math, pathlib
import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(20)
HERE = pathlib.Path(__file__).parent
cases = {}


def rand(*shape, scale=1.0):
    return (torch.randn(shape) * scale * 1000).round().div(1000)


def dump(t):
    t = t.detach()
    if not t.is_floating_point():
        return {"dtype": "int64", "shape": list(t.shape), "data": t.flatten().tolist()}
    return {"shape": list(t.shape), "data": [float(f"{v:.7g}") for v in t.flatten().tolist()]}


class State(dict):
    """Parameters, made when first asked for."""

    def get_(self, name, *shape):
        if name not in self:
            base = 1.0 if "norm" in name and name.endswith("weight") else 0.0
            fan = math.prod(shape[1:]) or 1
            p = rand(*shape, scale=min(0.5, 0.9 / math.sqrt(fan))) + base
            self[name] = p.requires_grad_()
        assert tuple(self[name].shape) == shape, name
        return self[name]

    def linear(self, name, x, to):
        return x @ self.get_(f"{name}.weight", to, x.shape[-1]).T + self.get_(f"{name}.bias", to)

    def conv(self, name, x, to, k=3, **how):
        return F.conv2d(x, self.get_(f"{name}.weight", to, x.shape[1], k, k), self.get_(f"{name}.bias", to), **how)

    def norm(self, name, x, groups, eps):
        c = x.shape[1]
        return F.group_norm(x, groups, self.get_(f"{name}.weight", c), self.get_(f"{name}.bias", c), eps)


def sinusoids(t, width, cos_first, shift):
    half = width // 2
    angles = t.double()[:, None] * torch.exp(-math.log(10000) * torch.arange(half) / (half - shift))
    parts = [angles.sin(), angles.cos()]
    return torch.cat(parts[::-1] if cos_first else parts, 1)


ACTIVATIONS = {"silu": F.silu, "swish": F.silu, "mish": F.mish, "gelu": F.gelu, "relu": F.relu}


def unet(s, c, x, t, labels):
    chans, g, eps = c["block_out_channels"], c["norm_num_groups"], c["norm_eps"]
    # act_fn is that of the residual blocks; the time MLP and the end keep SiLU.
    act = ACTIVATIONS[c["act_fn"]]
    both = c["resnet_time_scale_shift"] == "scale_shift"
    emb = sinusoids(t, chans[0], c["flip_sin_to_cos"], c["freq_shift"])
    emb = s.linear("time_embedding.linear_2", F.silu(s.linear("time_embedding.linear_1", emb, 4 * chans[0])), 4 * chans[0])
    if c["num_class_embeds"]:
        emb = emb + s.get_("class_embedding.weight", c["num_class_embeds"], 4 * chans[0])[labels]

    def resnet(n, x, to):
        h = s.conv(f"{n}.conv1", act(s.norm(f"{n}.norm1", x, g, eps)), to, padding=1)
        e = s.linear(f"{n}.time_emb_proj", act(emb), 2 * to if both else to)[:, :, None, None]
        if both:
            scale, shift = e.chunk(2, 1)
            h = s.norm(f"{n}.norm2", h, g, eps) * (1 + scale) + shift
        else:
            h = s.norm(f"{n}.norm2", h + e, g, eps)
        h = s.conv(f"{n}.conv2", act(h), to, padding=1)
        return h + (x if x.shape[1] == to else s.conv(f"{n}.conv_shortcut", x, to, k=1))

    def attention(n, x, groups):
        b, ch, hh, ww = x.shape
        heads = 1 if c["attention_head_dim"] is None else ch // c["attention_head_dim"]
        h = s.norm(f"{n}.group_norm", x, groups, eps) if groups else x
        h = h.flatten(2).transpose(1, 2)
        q, k, v = (s.linear(f"{n}.to_{w}", h, ch).reshape(b, -1, heads, ch // heads).transpose(1, 2) for w in "qkv")
        a = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(ch // heads), -1) @ v
        a = s.linear(f"{n}.to_out.0", a.transpose(1, 2).reshape(b, -1, ch), ch)
        return x + a.transpose(1, 2).reshape(b, ch, hh, ww)

    h = s.conv("conv_in", x, chans[0], padding=1)
    skips = [h]
    for i, (kind, ch) in enumerate(zip(c["down_block_types"], chans)):
        n = f"down_blocks.{i}"
        for j in range(c["layers_per_block"]):
            h = resnet(f"{n}.resnets.{j}", h, ch)
            if kind.startswith("Attn"):
                h = attention(f"{n}.attentions.{j}", h, g)
            skips.append(h)
        if i < len(chans) - 1:
            p = c["downsample_padding"]
            h = s.conv(f"{n}.downsamplers.0.conv", h if p else F.pad(h, (0, 1, 0, 1)), ch, stride=2, padding=p)
            skips.append(h)
    h = resnet("mid_block.resnets.0", h, chans[-1])
    if c["add_attention"]:
        # In the middle there is a norm where its groups are said, or where time is only added.
        h = attention("mid_block.attentions.0", h, c["attn_norm_num_groups"] or (None if both else g))
    h = resnet("mid_block.resnets.1", h, chans[-1])
    for i, (kind, ch) in enumerate(zip(c["up_block_types"], chans[::-1])):
        n = f"up_blocks.{i}"
        for j in range(c["layers_per_block"] + 1):
            h = resnet(f"{n}.resnets.{j}", torch.cat([h, skips.pop()], 1), ch)
            if kind.startswith("Attn"):
                h = attention(f"{n}.attentions.{j}", h, g)
        if i < len(chans) - 1:
            h = s.conv(f"{n}.upsamplers.0.conv", F.interpolate(h, scale_factor=2.0, mode="nearest"), ch, padding=1)
    return s.conv("conv_out", F.silu(s.norm("conv_norm_out", h, g, eps)), c["out_channels"], padding=1)


def sincos_1d(width, at):
    angles = at.reshape(-1, 1) / 10000 ** (torch.arange(width // 2) / (width / 2))
    return torch.cat([angles.sin(), angles.cos()], 1)


def dit(s, c, x, t, labels):
    p, d, (ch, hh, ww) = c["patch"], c["width"], c["shape"]
    rows, columns = torch.meshgrid(torch.arange(hh // p).double(), torch.arange(ww // p).double(), indexing="ij")
    pos = torch.cat([sincos_1d(d // 2, columns.flatten()), sincos_1d(d // 2, rows.flatten())], 1)
    s["pos_embed"] = pos[None]
    h = s.conv("x_embedder.proj", x, d, k=p, stride=p).flatten(2).transpose(1, 2) + pos
    cond = s.linear("t_embedder.mlp.0", sinusoids(t, 256, True, 0), d)
    cond = s.linear("t_embedder.mlp.2", F.silu(cond), d)
    if c["labels"]:
        cond = cond + s.get_("y_embedder.embedding_table.weight", c["labels"], d)[labels]
    ln = lambda v: F.layer_norm(v, (d,), eps=1e-6)
    for i in range(c["depth"]):
        n = f"blocks.{i}"
        m = s.linear(f"{n}.adaLN_modulation.1", F.silu(cond), 6 * d)[:, None]
        shift1, scale1, gate1, shift2, scale2, gate2 = m.chunk(6, -1)
        b, tokens, _ = h.shape
        qkv = s.linear(f"{n}.attn.qkv", ln(h) * (1 + scale1) + shift1, 3 * d)
        q, k, v = qkv.reshape(b, tokens, 3, c["heads"], d // c["heads"]).permute(2, 0, 3, 1, 4)
        a = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(d // c["heads"]), -1) @ v
        h = h + gate1 * s.linear(f"{n}.attn.proj", a.transpose(1, 2).reshape(b, tokens, d), d)
        m = F.gelu(s.linear(f"{n}.mlp.fc1", ln(h) * (1 + scale2) + shift2, 4 * d), approximate="tanh")
        h = h + gate2 * s.linear(f"{n}.mlp.fc2", m, d)
    shift, scale = s.linear("final_layer.adaLN_modulation.1", F.silu(cond), 2 * d)[:, None].chunk(2, -1)
    out = ch * (2 if c["learnSigma"] else 1)
    h = s.linear("final_layer.linear", ln(h) * (1 + scale) + shift, p * p * out)
    h = h.reshape(-1, hh // p, ww // p, p, p, out)
    return torch.einsum("nhwpqc->nchpwq", h).reshape(-1, out, hh, ww)


def case(name, network, config, shape, t, labels):
    state = State()
    x = rand(2, *shape).requires_grad_()
    t = torch.tensor(t)
    labels = None if labels is None else torch.tensor(labels)
    y = network(state, config, x, t, labels)
    cotangent = rand(*y.shape)
    (y * cotangent).sum().backward()
    # Gradients of the embeddings, the middle and the end prove the rest: each runs through all layers behind it.
    told = [k for k in state if state[k].requires_grad and ("emb" in k or k.startswith(("conv_in", "conv_out", "final_layer.linear", "x_embedder")) or "qkv.bias" in k or "to_k.weight" in k)]
    cases[name] = {
        "config": config,
        "state": {k: dump(v) for k, v in state.items()},
        "inputs": {"x": dump(x), "t": dump(t.double()), "cotangent": dump(cotangent),
                   **({} if labels is None else {"labels": dump(labels)})},
        "outputs": {"y": dump(y)},
        "grads": {"x": dump(x.grad), **{k: dump(state[k].grad) for k in told}},
    }


def sampled(name, times, eta, prediction, clip, use_clipped_model_output):
    """Steps of diffusers' DDIMScheduler (scheduling_ddim.py), or without clipping of the official code's
    generalized_steps, for a network that is 1.3·x + 0.4·sin(t/50), over the linear schedule of 1000 steps."""
    alpha_bar = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    rng = np.random.default_rng(5)
    x, z = rng.standard_normal(4).round(3), rng.standard_normal((len(times), 4)).round(3)
    start = x
    for i, t in enumerate(times):
        now, then = alpha_bar[t], (alpha_bar[times[i + 1]] if i + 1 < len(times) else 1.0)
        out = 1.3 * x + 0.4 * np.sin(t / 50)
        if prediction == "epsilon":
            x0, epsilon = (x - np.sqrt(1 - now) * out) / np.sqrt(now), out
        elif prediction == "x0":
            x0, epsilon = out, (x - np.sqrt(now) * out) / np.sqrt(1 - now)
        else:
            x0, epsilon = np.sqrt(now) * x - np.sqrt(1 - now) * out, np.sqrt(now) * out + np.sqrt(1 - now) * x
        if clip:
            x0 = np.clip(x0, -1, 1)
            if use_clipped_model_output:
                epsilon = (x - np.sqrt(now) * x0) / np.sqrt(1 - now)
        sigma = eta * np.sqrt((1 - then) / (1 - now) * (1 - now / then))
        x = np.sqrt(then) * x0 + np.sqrt(1 - then - sigma**2) * epsilon + sigma * z[i]
    cases[name] = {
        "config": {"times": times, "eta": eta, "prediction": prediction, "clipX0": clip,
                   "useClippedModelOutput": use_clipped_model_output},
        "state": {}, "grads": {},
        "inputs": {"x": dump(torch.tensor(start)[:, None]), "z": dump(torch.tensor(z)[:, :, None])},
        "outputs": {"y": dump(torch.tensor(x)[:, None])},
    }


UNET = {
    "sample_size": 8, "in_channels": 1, "out_channels": 1, "center_input_sample": False,
    "time_embedding_type": "positional", "flip_sin_to_cos": False, "freq_shift": 1,
    "down_block_types": ["DownBlock2D", "AttnDownBlock2D"], "up_block_types": ["AttnUpBlock2D", "UpBlock2D"],
    "block_out_channels": [4, 6], "layers_per_block": 1, "mid_block_scale_factor": 1, "downsample_padding": 0,
    "act_fn": "silu", "attention_head_dim": None, "norm_num_groups": 2, "norm_eps": 1e-6, "dropout": 0.0,
    "resnet_time_scale_shift": "default", "add_attention": True, "num_class_embeds": None, "attn_norm_num_groups": None,
}
case("unet-ddpm", unet, UNET, (1, 8, 8), [3, 871], None)
case("unet-other", unet,
     {**UNET, "in_channels": 2, "out_channels": 3, "flip_sin_to_cos": True, "freq_shift": 0, "downsample_padding": 1,
      "attention_head_dim": 2, "norm_eps": 1e-5, "resnet_time_scale_shift": "scale_shift", "num_class_embeds": 5,
      "layers_per_block": 2, "block_out_channels": [2, 4, 2],
      "down_block_types": ["AttnDownBlock2D", "DownBlock2D", "DownBlock2D"],
      "up_block_types": ["UpBlock2D", "AttnUpBlock2D", "UpBlock2D"]},
     (2, 8, 4), [0, 42], [4, 1])
SMALL = {**UNET, "sample_size": 4, "freq_shift": 0, "block_out_channels": [2, 4]}
case("unet-gelu", unet, {**SMALL, "act_fn": "gelu"}, (1, 4, 4), [3, 871], None)
case("unet-relu", unet, {**SMALL, "act_fn": "relu", "add_attention": False}, (1, 4, 4), [12, 500], None)
case("unet-mish", unet,
     {**SMALL, "act_fn": "mish", "resnet_time_scale_shift": "scale_shift", "attn_norm_num_groups": 4},
     (1, 4, 4), [0, 999], None)
case("unet-swish", unet, {**SMALL, "act_fn": "swish", "resnet_time_scale_shift": "scale_shift"}, (1, 4, 4), [1, 77], None)
DIT = {"shape": [1, 8, 4], "patch": 2, "depth": 2, "width": 8, "heads": 2, "labels": 4, "learnSigma": False}
case("dit", dit, DIT, (1, 8, 4), [7, 64], [3, 0])
case("dit-sigma", dit, {**DIT, "shape": [2, 8, 8], "patch": 4, "depth": 1, "labels": 0, "learnSigma": True}, (2, 8, 8), [99, 1], None)

leading = list(range(900, -1, -100))  # diffusers' "leading" timesteps, S = 10
for prediction in ["epsilon", "x0", "v"]:
    for use in [False, True]:
        sampled(f"ddim-{prediction}-{'clipped' if use else 'own'}-epsilon", leading, 0.5, prediction, True, use)
sampled("ddim-official", [int(v) for v in np.linspace(0, np.sqrt(1000 * 0.8), 10) ** 2][::-1], 0.0, "epsilon", False, False)

text = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in cases.items())
(HERE / "diffusion.json").write_text("{\n" + text + "\n}\n")

# As runners/diffusion.py of the official code has it.
quadratic = {S: sorted({int(v) for v in np.linspace(0, np.sqrt(1000 * 0.8), S) ** 2}) for S in range(2, 1001)}
digest = lambda times: hashlib.sha256(",".join(map(str, times)).encode()).hexdigest()[:8]
(HERE / "subsequences.json").write_text(json.dumps({S: digest(times) for S, times in quadratic.items()}) + "\n")
