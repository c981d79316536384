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

    /// <summary>Numbers that C# does not say, on OpenCL, and right ones with the pass <see cref="CSharpMeaning"/>.</summary>
    WrongOnOpenClButMended,

    /// <summary>An exception as it compiles.</summary>
    Throws,

    /// <summary>An exception as it compiles, if ILGPU's unrolling pass runs.</summary>
    ThrowsUnrolled,
}

/// <summary>A construct of C#, what ILGPU makes of it, and what keeps it out of kernels.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Body">Of <c>F(x)</c>.</param>
/// <param name="Diagnostic">What the compiler says of it; null where nothing has to be written otherwise.</param>
/// <param name="Instead">The body to write in its place, which ILGPU computes as C# does; null where there is none.</param>
/// <param name="Members">Of the type around F.</param>
public sealed record Construct(string Name, string Body, IlgpuAnswer Answer, string? Diagnostic, string? Instead = null, string Members = "")
{
    /// <summary>Whether x is a float, not an int.</summary>
    public bool IsFloat { get; init; }

    /// <summary>A pattern of what is wrong in the PTX, where that is the place to look.</summary>
    public string? Ptx { get; init; }

    /// <summary>Whether C leaves it to the processor what comes out, which may be what C# says.</summary>
    public bool IsLeftToTheProcessor { get; init; }

    /// <summary>Whether F is marked [Unroll] for the compiler.</summary>
    public bool IsUnrolled => Answer is IlgpuAnswer.WrongUnrolled or IlgpuAnswer.ThrowsUnrolled;

    public string Function(bool instead = false) => $"static T F(T x) {{ {(instead ? Instead : Body)} }} {Members}";

    /// <summary>A kernel around it, for the compiler.</summary>
    public string Kernel(bool instead = false)
    {
        string type = IsFloat ? "float" : "int";
        return $$"""
            using System.Numerics; using System.Runtime.CompilerServices;
            namespace Sample;
            [Kernel(64)] public readonly partial struct K(ReadOnlyView<{{type}}> x, View<{{type}}> y)
            {
                public void Execute()
                {
                    int i = GlobalId.X;
                    y[i] = F(x[i]);
                }

                {{(IsUnrolled ? "[Unroll] " : "")}}private unsafe {{Function(instead).Replace("static T F(T x)", $"static {type} F({type} x)", StringComparison.Ordinal)}}
            }
            """;
    }

    public override string ToString() => Name;
}
