using GpuCnn.Compiler.Diagnostics;
using Microsoft.CodeAnalysis;

namespace GpuCnn.Compiler.Analysis;

/// <summary>
/// State shared by the analysis of one kernel, or of a generic kernel with one type: its struct and all helpers that it reaches.
/// </summary>
internal sealed class KernelContext
{
    private readonly Dictionary<SyntaxTree, SemanticModel> _models;

    public KernelContext(Compilation compilation, CancellationToken cancellation) : this(compilation, cancellation, new(), []) { }

    private KernelContext(Compilation compilation, CancellationToken cancellation, DiagnosticBag diagnostics,
        Dictionary<SyntaxTree, SemanticModel> models)
    {
        Compilation = compilation;
        Cancellation = cancellation;
        Diagnostics = diagnostics;
        _models = models;
        Types = new(Names, Diagnostics);
        Functions = new(this);
    }

    public Compilation Compilation { get; }

    public CancellationToken Cancellation { get; }

    public DiagnosticBag Diagnostics { get; }

    public NameAllocator Names { get; } = new();

    public TypeMapper Types { get; }

    public FunctionCatalog Functions { get; }

    /// <summary>Whether the kernel calls a function that only CUDA has.</summary>
    public bool IsCudaOnly { get; set; }

    /// <summary>Whether the kernel uses warps, matrix units or asynchronous copies. Then only CUDA has it, and ILGPU does not.</summary>
    public bool NeedsCudaC { get; set; }

    /// <summary>For the same kernel with another type: shares diagnostics and semantic models, but not types and helpers.</summary>
    public KernelContext Another() => new(Compilation, Cancellation, Diagnostics, _models);

    public SemanticModel ModelOf(SyntaxTree tree)
    {
        if (!_models.TryGetValue(tree, out SemanticModel? model)) _models.Add(tree, model = Compilation.GetSemanticModel(tree));
        return model;
    }
}
