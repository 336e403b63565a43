"""Writes classic-control.json: trajectories of Gymnasium's own classic-control environments for fixed seeds and
actions. Run: python3 test/rl/classic-control.py (needs gymnasium 1.3 and numpy 2: the older NumPy promotes a single
float with a Python number to a double, and so gives other last digits)."""

import json
import os

import gymnasium
import numpy as np


def follow(env_id, seed, choose, steps, options=None, **kwargs):
    """Actions by `choose(rng, observation)`; a new episode after each end. Rows: observation, reward, both flags."""
    env = gymnasium.make(env_id, **kwargs)
    rng = np.random.default_rng(2025)
    observation, _ = env.reset(seed=seed, options=options)
    assert observation.dtype == np.float32
    actions, rows = [], [[float(x) for x in observation]]
    for _ in range(steps):
        action = choose(rng, observation)
        discrete = isinstance(env.action_space, gymnasium.spaces.Discrete)
        actions.append(int(action) if discrete else float(action[0]))
        observation, reward, terminated, truncated, _ = env.step(action)
        rows.append([float(x) for x in observation] + [float(reward), bool(terminated), bool(truncated)])
        if terminated or truncated:
            observation, _ = env.reset()
            rows.append([float(x) for x in observation])
    return {"seed": seed, "actions": actions, "rows": rows}


def uniform(limit):
    return lambda rng, _: np.array([rng.uniform(-limit, limit)], np.float32)


def with_velocity(rng, observation):
    """Pushes the mountain car the way it goes, more or less, so that it reaches the goal."""
    return np.array([np.copysign(rng.uniform(0.8, 1), observation[1])], np.float32)


def pump(rng, observation):
    """Swings the acrobot up by the second link's velocity."""
    return 2 if observation[5] > 0 else 0


golden = {
    "gymnasium": gymnasium.__version__,
    "numpy": np.__version__,
    "Pendulum-v1": follow("Pendulum-v1", 42, uniform(2), 250),
    "Pendulum-v1 heavy": follow("Pendulum-v1", 7, uniform(2), 60, {"x_init": 0.5, "y_init": 0.25}, g=9.81),
    "Acrobot-v1": follow("Acrobot-v1", 42, lambda rng, _: rng.integers(3), 60),
    "Acrobot-v1 pumped": follow("Acrobot-v1", 5, pump, 200, {"low": -0.2, "high": 0.1}),
    "MountainCarContinuous-v0": follow("MountainCarContinuous-v0", 42, uniform(1), 120),
    "MountainCarContinuous-v0 driven": follow("MountainCarContinuous-v0", 3, with_velocity, 250),
    "MountainCar-v0": follow("MountainCar-v0", 9, lambda rng, _: rng.integers(3), 60),
    "CartPole-v1": follow("CartPole-v1", 9, lambda rng, _: rng.integers(2), 100),
}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "classic-control.json")
with open(path, "w") as file:
    json.dump(golden, file, separators=(",", ":"))
    file.write("\n")
