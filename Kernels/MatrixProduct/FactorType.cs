namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>What a product multiplies. Sums are float32 in all of them.</summary>
public enum FactorType
{
    /// <summary>Float32 factors, by the device's ordinary multiply-add.</summary>
    Float32,

    /// <summary>Float32 in memory, rounded to TF32 (10 fraction bits) as matrix units take them.</summary>
    TF32,

    /// <summary>Bfloat16 in memory (7 fraction bits), by matrix units.</summary>
    BFloat16,

    /// <summary>Float32 in memory, each split into two TF32 values (3xTF32), by matrix units.</summary>
    SplitTF32,

    /// <summary>Float32 factors, by the device's ordinary multiply-add, in tiles that asynchronous copies fill.</summary>
    AsyncFloat32,
}

public static class FactorTypes
{
    /// <summary>Gets the ways to multiply float32 that devices with matrix units have besides the ordinary tiles.</summary>
    internal static IReadOnlyList<FactorType> OfFloat32ByUnits { get; } = [FactorType.SplitTF32, FactorType.AsyncFloat32];

    /// <summary>Returns the shortest reduction whose error is bounded by float32's.</summary>
    internal static int LeastDepth(this FactorType factors) => factors == FactorType.SplitTF32 ? Units.SplitProducts.LeastDepth : 1;

    /// <summary>Number of factors in a float of memory.</summary>
    public static int PerFloat(this FactorType factors) => factors == FactorType.BFloat16 ? 2 : 1;

    /// <summary>Number of factors that a load of 16 bytes moves.</summary>
    public static int PerLoad(this FactorType factors) => 4 * factors.PerFloat();

    /// <summary>Returns the name that is printed and kept in files; empty for float32.</summary>
    public static string Name(this FactorType factors) => factors switch
    {
        FactorType.TF32 => "tf32",
        FactorType.BFloat16 => "bf16",
        FactorType.SplitTF32 => "3xtf32",
        FactorType.AsyncFloat32 => "async",
        _ => "",
    };
}
