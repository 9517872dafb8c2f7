"""Make test/goldens/log-mel.json: log-mel frames of a made-up sound, by SciPy's Fourier transform and a matrix of bands.

    python3 test/goldens/make_log_mel_goldens.py        (needs numpy and scipy; writes beside this file)

The bands are those of the HTK Book (section 5.4), written here as a dense matrix: for each frequency of the transform the
lower of the rising and the falling side of the triangle. `resampled` is SciPy's resampling by the Fourier transform of a
sound that fades in and out, which is exact for what both rates can represent.
"""
import json
import pathlib

import numpy as np
import scipy.fft
import scipy.signal


def bands(rate, size, count, lowest, highest):
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    corners = 700 * (10 ** (np.linspace(mel(lowest), mel(highest), count + 2) / 2595) - 1)
    f = np.arange(size // 2 + 1) * rate / size
    up = (f[:, None] - corners[:-2]) / np.diff(corners)[:-1]
    down = (corners[2:] - f[:, None]) / np.diff(corners)[1:]
    return np.clip(np.minimum(up, down), 0, None)


def log_mel(samples, rate, size, count, lowest, highest, floor):
    length, hop = round(0.025 * rate), round(0.01 * rate)
    frames = np.lib.stride_tricks.sliding_window_view(samples, length)[::hop]
    window = scipy.signal.get_window("hann", length)  # periodic
    power = np.abs(scipy.fft.rfft(frames * window, size)) ** 2
    return np.log(np.maximum(power @ bands(rate, size, count, lowest, highest), floor))


def sound(rate, seconds):
    """A rising tone with a second one above it, that fades in and out. A sum of sines alone, so that TypeScript has it too."""
    t = np.arange(round(rate * seconds)) / rate
    fade = np.sin(np.pi * t / seconds) ** 2
    return fade * (0.5 * np.sin(2 * np.pi * (300 + 400 * t) * t) + 0.25 * np.sin(2 * np.pi * 1500 * t))


cases = []
for rate, size, count, lowest, highest in [(8000, 256, 24, 20, 4000), (16000, 512, 40, 20, 8000), (11025, 512, 13, 100, 5000)]:
    frames = log_mel(sound(rate, 0.1), rate, size, count, lowest, highest, 1e-6)
    cases.append({"rate": rate, "bands": count, "lowest": lowest, "highest": highest, "frames": frames.round(7).tolist()})

resampled = []
for before, after in [(44100, 8000), (8000, 16000), (11025, 16000)]:
    count = round(after * 0.2)
    resampled.append({"from": before, "to": after, "samples": scipy.signal.resample(sound(before, 0.2), count).round(7).tolist()[::20]})

path = pathlib.Path(__file__).parent / "log-mel.json"
path.write_text(json.dumps({"cases": cases, "resampled": resampled}) + "\n")
