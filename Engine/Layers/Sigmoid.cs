namespace GpuCnn.Engine.Layers;

/// <summary>Computes 1 / (1 + exp(-x)).</summary>
public sealed class Sigmoid : Activation<Kernels.Pointwise.Sigmoid>;
