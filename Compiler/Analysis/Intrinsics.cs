using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;

namespace GpuCnn.Compiler.Analysis;

/// <summary>
/// The functions of the kernel language that devices have. Each dialect spells them under the name given here: the method's name, followed
/// by "Integer" where the function for integers has a spelling of its own.
/// </summary>
internal static class Intrinsics
{
    private static readonly HashSet<string> Math = new(
        ("Abs Sqrt ReciprocalSqrt Cbrt Exp Exp2 Log Log2 Log10 Pow Sin Cos Tan Asin Acos Atan Atan2 Sinh Cosh Tanh Floor Ceiling " +
        "Truncate Round CopySign FusedMultiplyAdd Max Min MaxNumber MinNumber IsNaN IsInfinity IsFinite MultiplyHigh PopCount " +
        "LeadingZeroCount").Split(' '));

    private static readonly HashSet<string> Bits = ["ToInt32", "ToUInt32", "ToSingle"];

    private static readonly HashSet<string> Vectors = ["Load2", "Load4", "Store2", "Store4", "StoreUpper"];

    private static readonly HashSet<string> Divisions = ["Divide", "Remainder"];

    private static readonly HashSet<string> Atomics = ["Add", "Min", "Max", "And", "Or", "Xor", "Exchange", "CompareExchange"];

    /// <returns>The name, or null if devices have no such function.</returns>
    public static string? NameOf(IMethodSymbol method, Scalar? argument) => method.ContainingType.Name switch
    {
        "KernelMath" when Math.Contains(method.Name) =>
            method.Name is "Max" or "Min" && argument is { } kind && kind.IsInteger() ? method.Name + "Integer" : method.Name,
        "Bits" when Bits.Contains(method.Name) => method.Name,
        "VectorAccess" when Vectors.Contains(method.Name) => method.Name,
        "Divisor" when Divisions.Contains(method.Name) => "Divisor" + method.Name,
        "Warp" or "MatrixUnit" => method.Name,
        "AsyncCopy" => "AsyncCopy" + method.Name,
        "Atomic" when Atomics.Contains(method.Name) => "Atomic" + method.Name,
        _ => null,
    };

    public static bool HasEffects(string name) => IsAtomic(name) || name.StartsWith("Store", StringComparison.Ordinal)
        || name.StartsWith("AsyncCopy", StringComparison.Ordinal);

    /// <summary>Whether a class of the language is for CUDA C alone.</summary>
    public static bool NeedCudaC(INamedTypeSymbol type) => type.Name is "Warp" or "MatrixUnit" or "AsyncCopy";

    public static bool IsAtomic(string name) => name.StartsWith("Atomic", StringComparison.Ordinal);

    /// <summary>The replacement to suggest for a function of the base library, or null.</summary>
    public static string? Instead(IMethodSymbol method) => method.ContainingType.ToDisplayString() switch
    {
        "System.Math" or "System.MathF" or "float" or "double" or "int" or "uint" when Math.Contains(method.Name) => "KernelMath."
            + method.Name,
        "System.Math" or "System.MathF" or "System.Numerics.BitOperations" or "float" or "double" => "a function of KernelMath",
        "System.BitConverter" => "Bits",
        "System.Threading.Interlocked" => "Atomic",
        "System.Threading.Barrier" => "Group.Barrier()",
        _ => null,
    };
}
