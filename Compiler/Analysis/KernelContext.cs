using GpuCnn.Compiler.Diagnostics;
using Microsoft.CodeAnalysis;

namespace GpuCnn.Compiler.Analysis;

/// <summary>What the analysis of one kernel shares: its struct, and all helpers that it reaches.</summary>
internal sealed class KernelContext
{
    private readonly Dictionary<SyntaxTree, SemanticModel> _models = [];

    public KernelContext(Compilation compilation, CancellationToken cancellation)
    {
        Compilation = compilation;
        Cancellation = cancellation;
        Types = new(Names, Diagnostics);
        Functions = new(this);
    }

    public Compilation Compilation { get; }

    public CancellationToken Cancellation { get; }

    public DiagnosticBag Diagnostics { get; } = new();

    public NameAllocator Names { get; } = new();

    public TypeMapper Types { get; }

    public FunctionCatalog Functions { get; }

    public SemanticModel ModelOf(SyntaxTree tree)
    {
        if (!_models.TryGetValue(tree, out SemanticModel? model)) _models.Add(tree, model = Compilation.GetSemanticModel(tree));
        return model;
    }
}
