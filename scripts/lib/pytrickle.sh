# A Python that has pytrickle: the one in PATH, or an environment of its own. Sourced, not run.
#
# Sets PYTRICKLE_PYTHON, and PYTRICKLE_PATH: what stands in for torch where there is none (Fixtures/ai), as the demo's worker needs no GPU.
need_pytrickle() {
    # Of the versions that pytrickle takes, one with a wheel.
    local av='av>=12,<=14.4.0' pytrickle=pytrickle==0.1.6
    PYTRICKLE_PATH=$PWD/Fixtures/ai
    for PYTRICKLE_PYTHON in python3 .build/pytrickle/bin/python3; do
        if PYTHONPATH=$PYTRICKLE_PATH "$PYTRICKLE_PYTHON" -c 'import av, numpy, pytrickle' 2>/dev/null; then return 0; fi
    done
    need_packages python3 python3-venv
    echo "installing pytrickle into .build/pytrickle"
    python3 -m venv .build/pytrickle
    .build/pytrickle/bin/pip install --quiet aiohttp numpy Pillow pydantic nvidia-ml-py
    .build/pytrickle/bin/pip install --quiet --only-binary av "$av"
    # Without what it asks for beside that: torch is two gigabytes.
    .build/pytrickle/bin/pip install --quiet --no-deps "$pytrickle"
    PYTRICKLE_PYTHON=.build/pytrickle/bin/python3
}
