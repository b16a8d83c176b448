"""How soon is help there, when to send for it, and what waiting costs.

Stages of a route and the way to the barrier enter; odds, triggers and buffers leave.
"""
