"""Where does it break: along one way the market may go, along two, along all at once.

An account and a `Direction` enter; moves at which headroom passes zero leave.
"""
