namespace GpuCnn.Engine.Plans;

/// <summary>How a plan multiplies and what it stores between layers. Weights, statistics, sums and updates are float32 in all of them.</summary>
public enum Precision
{
    /// <summary>Strict float32: every product and every sum.</summary>
    Float32,

    /// <summary>
    /// Products of TF32: factors are rounded to 10 fraction bits as matrix units take them, sums are float32, and memory holds float32.
    /// </summary>
    TF32,

    /// <summary>
    /// Activations and their gradients are stored as bfloat16 (7 fraction bits), and products have bfloat16 factors and float32 sums. The
    /// network's input and output stay float32. There is no loss scaling: the exponents are those of float32.
    /// </summary>
    BFloat16,
}
