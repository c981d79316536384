using GpuCnn.Compiler.Model;

namespace GpuCnn.Compiler.Printing;

/// <summary>A device language as data: its words, and its spelling of the kernel model. In formats, {0}, {1}, … are placeholders.</summary>
internal sealed record Dialect
{
    public required string Name { get; init; }

    /// <summary>Printed before a kernel that computes in double.</summary>
    public required string DoubleHeader { get; init; }

    /// <summary>Printed before the name of the entry point, and before a helper's result type.</summary>
    public required string Entry { get; init; }

    public required string Helper { get; init; }

    public required IReadOnlyDictionary<Scalar, string> Types { get; init; }

    /// <summary>The address space qualifier of a pointer, followed by a blank.</summary>
    public required IReadOnlyDictionary<Space, string> Spaces { get; init; }

    public required string Restrict { get; init; }

    /// <summary>
    /// Type of the offset, in elements, that accompanies each view if hosts can pass only whole allocations; null if they can pass an
    /// address within one.
    /// </summary>
    public required string? ViewOffset { get; init; }

    /// <summary>0: element type, 1: name, 2: length.</summary>
    public required IReadOnlyDictionary<Space, string> Arrays { get; init; }

    /// <summary>
    /// Declares the shared memory whose size the launch gives, under the name <see cref="SharedName"/>; null if there is none, and shared
    /// arrays are always declared one by one.
    /// </summary>
    public required string? LaunchedShared { get; init; }

    /// <summary>Name of the memory of <see cref="LaunchedShared"/>. It begins with a capital letter, as no variable does.</summary>
    public const string SharedName = "SharedMemory";

    /// <summary>0: x, y or z; 1: 0, 1 or 2; 2: X, Y or Z.</summary>
    public required IReadOnlyDictionary<ThreadIndex, string> ThreadIndices { get; init; }

    public required string Barrier { get; init; }

    /// <summary>0: type, 1: values.</summary>
    public required string StructLiteral { get; init; }

    /// <summary>Replaces the values if there are none: all zeros.</summary>
    public required string StructZero { get; init; }

    public required string VectorLiteral { get; init; }

    /// <summary>0: the bits, hexadecimal.</summary>
    public required string FloatBits { get; init; }

    public required string DoubleBits { get; init; }

    public required string LongSuffix { get; init; }

    /// <summary>Whether shift counts wrap at the width of the number, as in C#.</summary>
    public required bool MasksShiftCounts { get; init; }

    /// <summary>Conversions for which a cast does not give C#'s result.</summary>
    public required IReadOnlyDictionary<(Scalar From, Scalar To), string> Conversions { get; init; }

    /// <summary>
    /// The kernel language's functions by name. {f} is "f" for a call with floats and empty for doubles; {space} is the address space of
    /// the first argument.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Intrinsics { get; init; }

    /// <summary>Functions used by the spellings above, by name. Each is printed before the kernels that need it.</summary>
    public required IReadOnlyDictionary<string, string> Support { get; init; }

    /// <summary>The support functions for vector arithmetic, or null if the language has it built in.</summary>
    public required IReadOnlyDictionary<Scalar, string>? VectorSupport { get; init; }

    /// <summary>Words that cannot be names of variables or fields.</summary>
    public required IReadOnlyCollection<string> Reserved { get; init; }
}

/// <summary>What the dialects share.</summary>
internal static partial class Dialects
{
    private const string CReserved =
        "auto break case char const continue default do double else enum extern float for goto if inline int long register restrict " +
        "return short signed sizeof static struct switch " +
        "typedef union unsigned void volatile while bool true false asm main NULL size_t ptrdiff_t intptr_t uintptr_t " +
        "half min max abs clamp exp log log2 log10 exp2 pow sqrt rsqrt cbrt sin cos tan asin acos atan atan2 sinh cosh tanh floor ceil " +
        "trunc round rint fma fmod fmin fmax fabs copysign isnan isinf isfinite " +
        "float2 float3 float4 double2 double3 double4 int2 int3 int4 uint2 uint3 uint4 char2 char4 uchar4 short2 short4 long2 long4";

    // Propagates NaN, as in C#; the devices' own functions prefer numbers.
    private static string NaNKeeping(string helper, string name, string function) =>
        helper + " float " + name + "(float x, float y)\n{\n    return x != x ? x : y != y ? y : " + function + "(x, y);\n}\n";

    private static string Division(string helper, string name, string parameter, string uintType, string multiplyHigh, string before) =>
        helper + " int " + name + "(int value, " + uintType + " multiplier, int shift" + parameter + ")\n{\n    return " + before
        + "(int)(" + multiplyHigh + "((" + uintType + ")value << 1, multiplier) >> shift);\n}\n";

    private static string ToBFloat16(string helper, string ushortType, string uintType, string bits) =>
        helper + " " + ushortType + " gcnn_to_bfloat16(float x)\n{\n    " + uintType + " u = " + bits + ";\n"
        + "    return x != x ? (" + ushortType + ")(u >> 16 | 0x40u) : (" + ushortType + ")((u + 0x7fffu + (u >> 16 & 1u)) >> 16);\n}\n";
}
