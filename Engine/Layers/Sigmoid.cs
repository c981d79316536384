namespace GpuCnn.Engine.Layers;

/// <summary>1 / (1 + exp(-x))</summary>
public sealed class Sigmoid : Activation<Kernels.Pointwise.Sigmoid>;
