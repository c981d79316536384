using System.Text;
using GpuCnn.Compiler.Analysis;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace GpuCnn.Compiler.Host;

/// <summary>
/// Copies a body with barriers, and its helpers that have some, as iterators that stop at each barrier. The C# compiler makes the state
/// machine, and #line keeps breakpoints and stack traces on the user's lines. A helper returns its result in a box.
/// </summary>
internal sealed class StepsWriter(KernelContext context, INamedTypeSymbol kernel)
{
    private const string Site = "global::GpuCnn.Kernels.Language.BarrierSite";

    private readonly Dictionary<IMethodSymbol, string> _names = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<IMethodSymbol, bool> _waits = new(SymbolEqualityComparer.Default);
    private readonly Queue<IMethodSymbol> _waiting = new();
    private readonly SortedSet<string> _usings = new(StringComparer.Ordinal);
    private readonly StringBuilder _text = new();

    public StepsCode Write(MethodDeclarationSyntax execute)
    {
        _text.Append($"    public global::System.Collections.Generic.IEnumerator<{Site}>? Steps()\n");
        Body(execute, new StepsRewriter(this, context, kernel, null));
        while (_waiting.Count > 0) Helper(_waiting.Dequeue());
        return new(_usings.ToEquatable(), _text.ToString());
    }

    /// <summary>Whether a method reaches a barrier, itself or through its calls.</summary>
    public bool Waits(IMethodSymbol method)
    {
        if (KernelLanguage.Declares(method.ContainingType)) return KernelLanguage.IsBarrier(method) || KernelLanguage.IsCollective(method);
        IMethodSymbol definition = Definition(method);
        if (_waits.TryGetValue(definition, out bool known)) return known;
        _waits[definition] = false;
        bool waits = Declaration(definition) is { } syntax && syntax.DescendantNodes().OfType<InvocationExpressionSyntax>().Any(call =>
            context.ModelOf(syntax.SyntaxTree).GetSymbolInfo(call, context.Cancellation).Symbol is IMethodSymbol called && Waits(called));
        return _waits[definition] = waits;
    }

    /// <summary>The name of the iterator that a helper becomes.</summary>
    public string StepsOf(IMethodSymbol method)
    {
        IMethodSymbol definition = Definition(method);
        if (!_names.TryGetValue(definition, out string? name))
        {
            _names.Add(definition, name = $"{definition.ContainingType.Name}_{definition.Name}_Steps{_names.Count}");
            _waiting.Enqueue(definition);
        }
        return name;
    }

    private static IMethodSymbol Definition(IMethodSymbol method) => (method.ReducedFrom ?? method).OriginalDefinition;

    private MethodDeclarationSyntax? Declaration(IMethodSymbol method) =>
        (method.PartialImplementationPart
            ?? method).DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(context.Cancellation) as MethodDeclarationSyntax;

    private void Helper(IMethodSymbol method)
    {
        MethodDeclarationSyntax syntax = Declaration(method)!;
        var rewriter = new StepsRewriter(this, context, kernel, method);
        IEnumerable<string> parameters = syntax.ParameterList.Parameters
            .Select(parameter =>
                ((ParameterSyntax)rewriter.Visit(parameter.WithModifiers(default).WithAttributeLists(default).WithDefault(null),
                parameter))!.ToString());
        if (!method.ReturnsVoid)
            parameters = parameters.Prepend($"global::System.Runtime.CompilerServices.StrongBox<{Full(method.ReturnType)}> "
                + $"{StepsRewriter.Result}");
        string constraints = string.Concat(syntax.ConstraintClauses.Select(clause => " " + rewriter.Visit(clause)));
        _text.Append($"\n    private static global::System.Collections.Generic.IEnumerable<{Site}> "
            + $"{_names[method]}{syntax.TypeParameterList}({string.Join(", ", parameters)}){constraints}\n");
        Body(syntax, rewriter);
    }

    private void Body(MethodDeclarationSyntax method, StepsRewriter rewriter)
    {
        foreach (UsingDirectiveSyntax directive in method.SyntaxTree.GetCompilationUnitRoot(context.Cancellation).DescendantNodes()
            .OfType<UsingDirectiveSyntax>())
            if (directive.Alias is null && directive.StaticKeyword == default && directive.Name is { } name) _usings.Add(name.ToString());
        for (SyntaxNode? around = method; around is not null; around = around.Parent)
            if (around is BaseNamespaceDeclarationSyntax { Name: var space }) _usings.Add(space.ToString());

        SyntaxNode body = (SyntaxNode?)method.Body ?? method.ExpressionBody!.Expression;
        int line = body.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
        _text.Append($"#line {line} \"{method.SyntaxTree.FilePath}\"\n");
        if (method.Body is { } block) _text.Append(rewriter.Visit(block).ToString());
        else _text.Append(rewriter.ExpressionBody(method.ExpressionBody!.Expression,
            isValue: method.ReturnType is not PredefinedTypeSyntax { Keyword.RawKind: (int)SyntaxKind.VoidKeyword }));
        _text.Append("\n#line default\n");
    }

    public static string Full(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);
}
