using System.Text.Json.Serialization;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Plans;

/// <summary>
/// How a plan multiplies and what it stores between layers. Weights, statistics, sums and updates are float32 in all of them.
/// </summary>
public enum Precision
{
    /// <summary>Strict float32: every product and every sum.</summary>
    [JsonStringEnumMemberName("fp32")]
    Float32,

    /// <summary>
    /// Products of TF32: factors are rounded to 10 fraction bits as matrix units take them, sums are float32, and memory holds float32.
    /// </summary>
    [JsonStringEnumMemberName("tf32")]
    TF32,

    /// <summary>
    /// Activations and their gradients are stored as bfloat16 (7 fraction bits), and products have bfloat16 factors and float32 sums. The
    /// network's input and output stay float32. There is no loss scaling: the exponents are those of float32.
    /// </summary>
    [JsonStringEnumMemberName("bf16")]
    BFloat16,
}

/// <summary>Precisions by name, as options, files and messages spell them: <c>fp32</c>, <c>tf32</c>, <c>bf16</c>.</summary>
public static class Precisions
{
    public static IReadOnlyList<Precision> All { get; } = Enum.GetValues<Precision>();

    /// <summary>Returns "bf16" for <see cref="Precision.BFloat16"/>.</summary>
    public static string Name(this Precision precision) => EnumNames.Of(precision);

    /// <summary>Finds a precision by its name, in letters of any case.</summary>
    /// <exception cref="GpuCnnException">There is no such precision; the message lists all.</exception>
    public static Precision Parse(string name) => EnumNames.Parse(typeof(Precision), name) is Precision precision ? precision
        : throw new GpuCnnException($"A precision is {EnumNames.Usage(typeof(Precision))}, but got '{name}'.");
}
