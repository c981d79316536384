namespace GpuCnn.Engine.Layers;

/// <summary>Computes max(0, x).</summary>
public sealed class ReLU : Activation<Kernels.Pointwise.ReLU>;
