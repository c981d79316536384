namespace GpuCnn.Tests.Compiler.Ilgpu;

/// <summary>What ILGPU 1.5.3 does with a construct.</summary>
public enum IlgpuAnswer
{
    /// <summary>Results on OpenCL that differ from C#.</summary>
    WrongOnOpenCl,

    /// <summary>Instructions for NVIDIA that differ from C#; <see cref="Construct.Ptx"/> matches them.</summary>
    WrongInPtx,

    /// <summary>Results on OpenCL that differ from C# if ILGPU's unrolling pass runs.</summary>
    WrongUnrolled,

    /// <summary>Results on OpenCL that differ from C#, and agree with the pass <c>CSharpMeaning</c>.</summary>
    WrongOnOpenClButMended,

    /// <summary>An exception while compiling.</summary>
    CannotRead,

    /// <summary>An exception while compiling if ILGPU's unrolling pass runs.</summary>
    CannotUnroll,
}

/// <summary>A construct of C#, what ILGPU does with it, and the rule that keeps it out of kernels.</summary>
/// <param name="Diagnostic">The compiler's diagnostic; null if the construct is allowed.</param>
/// <param name="Body">Body of <c>F(x)</c>, with x a float or an int as <paramref name="IsFloat"/> says.</param>
/// <param name="Instead">A replacement that ILGPU computes as C# does; null if there is none.</param>
public sealed record Construct(bool IsFloat, string Name, IlgpuAnswer Answer, string? Diagnostic, string Body, string? Instead)
{
    /// <summary>Other members of the type that contains F.</summary>
    public string Members { get; init; } = "";

    /// <summary>A pattern that matches the error in the PTX, if it shows there.</summary>
    public string? Ptx { get; init; }

    /// <summary>Whether C leaves the result to the processor, which may give C#'s.</summary>
    public bool IsLeftToTheProcessor { get; init; }

    /// <summary>Whether F is marked [Unroll] for the compiler.</summary>
    public bool IsUnrolled => Answer is IlgpuAnswer.WrongUnrolled or IlgpuAnswer.CannotUnroll;

    /// <summary>The function for a probe.</summary>
    public string Function(bool instead = false) => $"static T F(T x) {{ {(instead ? Instead : Body)} }} {Members}";

    /// <summary>A kernel with the function, for the compiler.</summary>
    public string Kernel(bool instead = false)
    {
        string type = IsFloat ? "float" : "int";
        string function = Function(instead).Replace("static T F(T x)", $"static {type} F({type} x)", StringComparison.Ordinal);
        return $$"""
            using System.Numerics; using System.Runtime.CompilerServices; using System.Runtime.InteropServices;
            namespace Sample;
            [Kernel(64)] public readonly partial struct K(ReadOnlyView<{{type}}> x, View<{{type}}> y)
            {
                public void Execute()
                {
                    int i = GlobalId.X;
                    y[i] = F(x[i]);
                }

                {{(IsUnrolled ? "[Unroll] " : "")}}private unsafe {{function}}
            }
            """;
    }

    public override string ToString() => Name;
}
