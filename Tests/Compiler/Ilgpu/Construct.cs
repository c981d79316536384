namespace GpuCnn.Tests.Compiler.Ilgpu;

/// <summary>What ILGPU 1.5.3 makes of a construct.</summary>
public enum IlgpuAnswer
{
    /// <summary>Numbers that C# does not say, on OpenCL.</summary>
    WrongOnOpenCl,

    /// <summary>Instructions for NVIDIA that compute what C# does not say; <see cref="Construct.Ptx"/> is how they look.</summary>
    WrongInPtx,

    /// <summary>Numbers that C# does not say, on OpenCL, if ILGPU's unrolling pass runs.</summary>
    WrongUnrolled,

    /// <summary>Numbers that C# does not say, on OpenCL, and right ones with the pass <c>CSharpMeaning</c>.</summary>
    WrongOnOpenClButMended,

    /// <summary>An exception as it compiles.</summary>
    CannotRead,

    /// <summary>An exception as it compiles, if ILGPU's unrolling pass runs.</summary>
    CannotUnroll,
}

/// <summary>A construct of C#, what ILGPU makes of it, and what keeps it out of kernels.</summary>
/// <param name="Diagnostic">What the compiler says of it; null where nothing has to be written otherwise.</param>
/// <param name="Body">Of <c>F(x)</c>, with x a float or an int as <paramref name="IsFloat"/> says.</param>
/// <param name="Instead">The body to write in its place, which ILGPU computes as C# does; null where there is none.</param>
public sealed record Construct(bool IsFloat, string Name, IlgpuAnswer Answer, string? Diagnostic, string Body, string? Instead)
{
    /// <summary>Members of the type around F.</summary>
    public string Members { get; init; } = "";

    /// <summary>A pattern of what is wrong in the PTX, where that is a place to look.</summary>
    public string? Ptx { get; init; }

    /// <summary>Whether C leaves it to the processor what comes out, which may be what C# says.</summary>
    public bool IsLeftToTheProcessor { get; init; }

    /// <summary>Whether F is marked [Unroll] for the compiler.</summary>
    public bool IsUnrolled => Answer is IlgpuAnswer.WrongUnrolled or IlgpuAnswer.CannotUnroll;

    /// <summary>The function for a probe.</summary>
    public string Function(bool instead = false) => $"static T F(T x) {{ {(instead ? Instead : Body)} }} {Members}";

    /// <summary>A kernel around it, for the compiler.</summary>
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
