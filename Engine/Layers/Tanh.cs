namespace GpuCnn.Engine.Layers;

/// <summary>Computes the hyperbolic tangent of each value, in (-1, 1).</summary>
public sealed class Tanh : Activation<Kernels.Pointwise.Tanh>;
