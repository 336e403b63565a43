"""Writes golden.json: what NumPy, and Gymnasium's environments rebuilt here on NumPy's Generator, give for
fixed seeds. Run: python3 test/rl/golden.py (needs numpy). The environments are written anew from their
published rules; nothing of the TypeScript is used."""

import json
import math
import os

import numpy as np


def rng_draws(seed):
    g = np.random.default_rng(seed)
    out = {"random": [g.random() for _ in range(5)]}
    out["integers10"] = [int(g.integers(10)) for _ in range(9)]
    out["integersLarge"] = [int(g.integers(3_000_000_000)) for _ in range(5)]
    out["integers2e40"] = [int(g.integers(2**40)) for _ in range(5)]
    out["integers2e32"] = [int(g.integers(2**32)) for _ in range(3)]
    out["integersRange"] = [int(g.integers(-5, 7)) for _ in range(8)]
    out["uniform"] = [g.uniform(-2, 3) for _ in range(4)]
    out["normal"] = [g.normal(1, 2) for _ in range(8)]
    out["exponential"] = [g.exponential(2) for _ in range(8)]
    out["poisson"] = [int(g.poisson(3)) for _ in range(12)]
    out["poissonLarge"] = [int(g.poisson(50)) for _ in range(12)]
    out["choice"] = [int(g.choice([4, 8, 15, 16, 23, 42])) for _ in range(8)]
    out["choiceP"] = [int(g.choice(4, p=[0.1, 0.2, 0.3, 0.4])) for _ in range(8)]
    x = np.arange(12)
    g.shuffle(x)
    out["shuffle"] = x.tolist()
    out["permutation"] = g.permutation(9).tolist()
    out["withoutReplacement"] = g.choice(30, size=10, replace=False).tolist()
    out["withoutReplacementLarge"] = g.choice(20000, size=500, replace=False).tolist()[:20]
    out["int8"] = g.integers(0, 2, size=11, dtype=np.int8).tolist()
    out["int8of7"] = g.integers(0, 7, size=11, dtype=np.int8).tolist()
    out["last"] = g.random()
    out["gamma"] = [g.gamma(shape, 2) for shape in (0.3, 0.9, 1, 1.5, 20) for _ in range(4)]
    out["dirichlet"] = g.dirichlet([0.3] * 5).tolist()
    return out


def sums(seed):
    """Sums over many draws, whole in units that rounding does not reach: a single wrong draw shows."""
    g = np.random.default_rng(seed)
    normal = g.standard_normal(200_000)
    exponential = g.standard_exponential(200_000)
    return {
        "normal": int(np.floor(normal * 2**20).astype(np.int64).sum()),
        "exponential": int(np.floor(exponential * 2**20).astype(np.int64).sum()),
        "last": g.random(),
    }


def saved(seed, odd):
    """A generator's state after some draws (with half a 64-bit draw still to come if odd), and what follows."""
    g = np.random.default_rng(seed)
    for _ in range(5):
        g.random()
    for _ in range(3 if odd else 4):
        g.integers(10)
    s = g.bit_generator.state
    state = {
        "bitGenerator": s["bit_generator"],
        "state": {k: str(v) for k, v in s["state"].items()},
        "hasUint32": s["has_uint32"],
        "uinteger": s["uinteger"] if s["has_uint32"] else 0,
    }
    after = {
        "integers": [int(g.integers(1000)) for _ in range(5)],
        "random": [g.random() for _ in range(3)],
        "normal": [g.normal() for _ in range(3)],
    }
    return {"state": state, "after": after}


def categorical(p, g):
    return int(np.argmax(np.cumsum(p) > g.random()))


class Table:
    """Gymnasium's way to step through P[s][a]."""

    def __init__(self, P, initial):
        self.P, self.initial = P, initial

    def run(self, seed, actions):
        g = np.random.default_rng(seed)
        s = categorical(self.initial, g)
        out = [[s]]
        for a in actions:
            rows = self.P(s, a)
            p, s, r, end = rows[categorical([row[0] for row in rows], g)]
            out.append([s, float(r), bool(end)])
            if end:
                s = categorical(self.initial, g)
                out.append([s])
        return out


def frozen_lake(rows):
    n, m = len(rows), len(rows[0])

    def go(s, a):
        r, c = divmod(s, m)
        dr, dc = [(0, -1), (1, 0), (0, 1), (-1, 0)][a]
        r, c = min(max(r + dr, 0), n - 1), min(max(c + dc, 0), m - 1)
        tile = rows[r][c]
        return (1 / 3, r * m + c, float(tile == "G"), tile in "GH")

    initial = np.array([t == "S" for row in rows for t in row], float)
    return Table(lambda s, a: [go(s, (a - 1) % 4), go(s, a), go(s, (a + 1) % 4)], initial / initial.sum())


def cliff():
    def go(s, a):
        r, c = divmod(s, 12)
        dr, dc = [(-1, 0), (0, 1), (1, 0), (0, -1)][a]
        r, c = min(max(r + dr, 0), 3), min(max(c + dc, 0), 11)
        if r == 3 and 0 < c < 11:
            return (1 / 3, 36, -100, False)
        return (1 / 3, r * 12 + c, -1, (r, c) == (3, 11))

    initial = np.zeros(48)
    initial[36] = 1
    return Table(lambda s, a: [go(s, (a - 1) % 4), go(s, a), go(s, (a + 1) % 4)], initial)


def taxi():
    desc = ["|R: | : :G|", "| : | : : |", "| : : : : |", "| | : | : |", "|Y| : |B: |"]
    marks = [(0, 0), (0, 4), (4, 0), (4, 3)]
    code = lambda r, c, p, d: ((r * 5 + c) * 5 + p) * 4 + d

    def rows(s, a):
        d, p, c, r = s % 4, s // 4 % 5, s // 20 % 5, s // 100
        if a == 0:
            return [(1.0, code(min(r + 1, 4), c, p, d), -1, False)]
        if a == 1:
            return [(1.0, code(max(r - 1, 0), c, p, d), -1, False)]
        if a == 2:
            return [(1.0, code(r, c + (desc[r][2 * c + 2] == ":"), p, d), -1, False)]
        if a == 3:
            return [(1.0, code(r, c - (desc[r][2 * c] == ":"), p, d), -1, False)]
        here = (r, c)
        if a == 4:
            fits = p < 4 and here == marks[p]
            return [(1.0, code(r, c, 4 if fits else p, d), -1 if fits else -10, False)]
        if p == 4 and here == marks[d]:
            return [(1.0, code(r, c, d, d), 20, True)]
        if p == 4 and here in marks:
            return [(1.0, code(r, c, marks.index(here), d), -1, False)]
        return [(1.0, s, -10, False)]

    initial = np.array([(s // 4 % 5 < 4) and (s // 4 % 5 != s % 4) for s in range(500)], float)
    return Table(rows, initial / initial.sum())


DESC = ["|R: | : :G|", "| : | : : |", "| : : : : |", "| | : | : |", "|Y| : |B: |"]


def taxi_rain(version):
    """Rain: 0.8 as wanted, 0.1 to each side. Version 3 looks for the walls of the sideways moves in odd places;
    version 4 mends that: left and right of the way it drives, and no slip where the way is blocked."""
    is_open = lambda r, k: DESC[r][k] == ":"
    limit = lambda r, c: (min(max(r, 0), 4), min(max(c, 0), 4))

    def go(r, c, a):
        if a == 2:
            return (r, c + 1) if is_open(r, 2 * c + 2) else (r, c)
        if a == 3:
            return (r, c - 1) if is_open(r, 2 * c) else (r, c)
        return limit(r + (1 if a == 0 else -1), c)

    def sides3(r, c, a):
        def slip(dr, dc, offset):
            to = limit(r + dr, c + dc)
            return to if is_open(to[0], 2 * to[1] + offset) else (r, c)

        if a in (2, 3) and go(r, c, a) == (r, c):
            return [(r, c), (r, c)]
        return [slip(0, -1, 2), slip(0, 1, 0)] if a in (0, 1) else [slip(1, 0, 2), slip(-1, 0, 0)]

    def sides4(r, c, a):
        if go(r, c, a) == (r, c):
            return [(r, c), (r, c)]
        return [go(r, c, b) for b in {0: (2, 3), 1: (3, 2), 2: (1, 0), 3: (0, 1)}[a]]

    certain = taxi().P

    def rows(s, a):
        if a > 3:
            return certain(s, a)
        r, c, rest = s // 100, s // 20 % 5, s % 20
        code = lambda cell: (cell[0] * 5 + cell[1]) * 20 + rest
        left, right = (sides3 if version == 3 else sides4)(r, c, a)
        return [(0.8, code(go(r, c, a)), -1, False), (0.1, code(left), -1, False), (0.1, code(right), -1, False)]

    return Table(rows, taxi().initial)


def taxi_fickle(seed, episodes, rain):
    """The passenger may change his destination at the first move after he got in. By a policy that drives him."""
    table = taxi_rain(4) if rain else taxi()
    marks = [(0, 0), (0, 4), (4, 0), (4, 3)]
    act = np.random.default_rng(99)
    g = np.random.default_rng(seed)
    out, actions = [], []
    for _ in range(episodes):
        s = categorical(table.initial, g)
        pending = g.random() < 0.3
        out.append([s])
        for _ in range(60):
            r, c, who, d = s // 100, s // 20 % 5, s // 4 % 5, s % 4
            goal = marks[d if who == 4 else who]
            if (r, c) == goal:
                a = 5 if who == 4 else 4
            elif act.random() < 0.5:
                a = int(act.integers(4))
            else:
                a = (0 if goal[0] > r else 1) if goal[0] != r else (2 if goal[1] > c else 3)
            rows = table.P(s, a)
            p, new, reward, end = rows[categorical([row[0] for row in rows], g)]
            if pending and who == 4 and (new // 100, new // 20 % 5) != (r, c):
                pending = False
                new = new - d + int(g.choice([k for k in range(4) if k != d]))
            s = new
            actions.append(a)
            out.append([s, float(reward), bool(end)])
            if end:
                break
    return {"actions": actions, "rows": out}


def taxi_rain_table(version):
    P = taxi_rain(version).P
    return [[[row[1] for row in P(s, a)] for a in range(4)] for s in range(0, 500, 20)]


def taxi_table():
    P = taxi().P
    return [[list(P(s, a)[0][1:]) for a in range(6)] for s in range(500)]


def blackjack(seed, games, sab, natural):
    deck = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 10]
    g = np.random.default_rng(seed)
    draw = lambda: int(g.choice(deck))
    ace = lambda h: 1 in h and sum(h) + 10 <= 21
    total = lambda h: sum(h) + 10 * ace(h)
    is_natural = lambda h: sorted(h) == [1, 10]
    out = []
    for game in range(games):
        dealer, player = [draw(), draw()], [draw(), draw()]
        g.choice(["C", "D", "H", "S"])
        if dealer[0] == 10:
            g.choice(["J", "Q", "K"])
        out.append([total(player), dealer[0], int(ace(player))])
        while True:
            # a fixed policy: below 12 + (game mod 8) take a card
            if total(player) < 12 + game % 8:
                player.append(draw())
                reward, end = (-1.0, True) if total(player) > 21 else (0.0, False)
            else:
                while total(dealer) < 17:
                    dealer.append(draw())
                score = lambda h: 0 if total(h) > 21 else total(h)
                reward, end = float(np.sign(score(player) - score(dealer))), True
                if sab and is_natural(player) and not is_natural(dealer):
                    reward = 1.0
                elif not sab and natural and is_natural(player) and reward == 1.0:
                    reward = 1.5
            out.append([total(player), dealer[0], int(ace(player)), reward, end])
            if end:
                break
    return out


def cart_pole(seed, actions):
    g = np.random.default_rng(seed)
    x, v, th, w = g.uniform(-0.05, 0.05, size=(4,))
    out = [[x, v, th, w]]
    for a in actions:
        f = 10.0 if a == 1 else -10.0
        cos, sin = math.cos(th), math.sin(th)
        t = (f + 0.05 * w**2 * sin) / 1.1
        wa = (9.8 * sin - cos * t) / (0.5 * (4.0 / 3.0 - 0.1 * cos**2 / 1.1))
        xa = t - 0.05 * wa * cos / 1.1
        x, v, th, w = x + 0.02 * v, v + 0.02 * xa, th + 0.02 * w, w + 0.02 * wa
        out.append([x, v, th, w])
    return [[float(np.float32(value)) for value in row] for row in out]


def mountain_car(seed, actions):
    g = np.random.default_rng(seed)
    x, v = g.uniform(low=-0.6, high=-0.4), 0.0
    out = [[x, v]]
    for a in actions:
        v = min(max(v + (a - 1) * 0.001 + math.cos(3 * x) * (-0.0025), -0.07), 0.07)
        x = min(max(x + v, -1.2), 0.6)
        if x == -1.2 and v < 0:
            v = 0.0
        out.append([x, v])
    return [[float(np.float32(value)) for value in row] for row in out]


def random_map(size, p, seed):
    g = np.random.default_rng(seed)
    while True:
        board = g.choice(["F", "H"], (size, size), p=[p, 1 - p])
        board[0][0], board[-1][-1] = "S", "G"
        seen, todo = set(), [(0, 0)]
        while todo:
            r, c = todo.pop()
            if not (0 <= r < size and 0 <= c < size) or (r, c) in seen or board[r][c] == "H":
                continue
            seen.add((r, c))
            todo += [(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)]
        if (size - 1, size - 1) in seen:
            return ["".join(row) for row in board]


def spaces(seed):
    out = {}
    g = np.random.default_rng(seed)
    out["discrete"] = [int(5 + g.integers(7)) for _ in range(6)]
    g = np.random.default_rng(seed)
    out["discreteMasked"] = [int(g.choice(np.where(np.array([0, 1, 0, 1, 1]))[0])) for _ in range(6)]
    g = np.random.default_rng(seed)
    low = np.array([-1, -2.5, 0.1], np.float32)
    high = np.array([1, 2.25, 0.7], np.float32)
    out["box"] = [g.uniform(low=low, high=high, size=(3,)).astype(np.float32).tolist() for _ in range(3)]
    g = np.random.default_rng(seed)
    # elements: free, bounded below by 1, bounded above by -1, free, in [0, 1]
    rows = []
    for _ in range(3):
        x = np.empty(5)
        x[[0, 3]] = g.normal(size=2)
        x[1] = g.exponential(size=1)[0] + 1
        x[2] = -g.exponential(size=1)[0] - 1
        x[4] = g.uniform(low=np.zeros(1), high=np.ones(1), size=1)[0]
        rows.append(x.astype(np.float32).tolist())
    out["boxMixed"] = rows
    g = np.random.default_rng(seed)
    out["boxUint8"] = np.floor(g.uniform(low=np.zeros(6), high=np.full(6, 256), size=6)).astype(np.uint8).tolist()
    g = np.random.default_rng(seed)
    nvec = np.array([5, 2, 3])
    out["multiDiscrete"] = [(g.random(3) * nvec).astype(np.int64).tolist() for _ in range(4)]
    g = np.random.default_rng(seed)
    out["multiBinary"] = [g.integers(0, 2, size=9, dtype=np.int8).tolist() for _ in range(3)]
    g = np.random.default_rng(seed)
    a, b = (np.random.default_rng(int(k)) for k in g.integers(np.iinfo(np.int32).max, size=2))
    out["tuple"] = [[int(a.integers(10)), b.uniform(-1, 1, size=2).astype(np.float32).tolist()] for _ in range(3)]
    return out


def main():
    act = np.random.default_rng(2024)
    actions = lambda n, count: act.integers(n, size=count).tolist()
    a4, a6, a2, a3 = actions(4, 300), actions(6, 300), actions(2, 60), actions(3, 200)
    # A greedy route would never be chosen by chance: taxi also gets a scripted delivery in the tests.
    sequence = np.random.SeedSequence(12345, spawn_key=(3,))
    golden = {
        "numpy": np.__version__,
        "draws": {str(seed): rng_draws(seed) for seed in (0, 42, 2**40 + 7)},
        "saved": {"odd": saved(11, True), "even": saved(11, False)},
        "sums": sums(1),
        "seedSequence": {
            "spawned": [int(w) for w in sequence.generate_state(6)],
            "list": [int(w) for w in np.random.SeedSequence([1, 2**35, 3]).generate_state(4)],
            "big": [int(w) for w in np.random.SeedSequence(2**130 + 5).generate_state(4)],
        },
        "actions": {"four": a4, "six": a6, "two": a2, "three": a3},
        "frozenLake": frozen_lake(["SFFF", "FHFH", "FFFH", "HFFG"]).run(42, a4),
        "cliffSlippery": cliff().run(7, a4),
        "taxi": taxi().run(42, a6),
        "taxiTable": taxi_table(),
        "taxiRain": {str(v): {"rows": taxi_rain(v).run(42, a6), "next": taxi_rain_table(v)} for v in (3, 4)},
        "taxiFickle": taxi_fickle(7, 12, False),
        "taxiFickleRain": taxi_fickle(8, 12, True),
        "blackjackSab": blackjack(42, 40, True, False),
        "blackjackNatural": blackjack(3, 60, False, True),
        "cartPole": cart_pole(42, a2),
        "mountainCar": mountain_car(42, a3),
        "randomMap": {"size8": random_map(8, 0.8, 5), "size5": random_map(5, 0.5, 11)},
        "spaces": spaces(123),
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json")
    with open(path, "w") as file:
        json.dump(golden, file, separators=(",", ":"))
        file.write("\n")


main()
