using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace GpuCnn.Compiler.Diagnostics;

/// <summary>A diagnostic as a value, which keeps no syntax alive.</summary>
internal sealed record DiagnosticInfo(string Id, EquatableArray<string> Arguments, string Path, TextSpan Span, LinePositionSpan Lines)
{
    public Diagnostic ToDiagnostic() =>
        Diagnostic.Create(Rules.ById[Id], Location.Create(Path, Span, Lines), Arguments.Cast<object>().ToArray());
}

/// <summary>Collects the errors of a kernel; a helper that is compiled twice reports once.</summary>
internal sealed class DiagnosticBag
{
    private readonly List<DiagnosticInfo> _items = [];

    public int Count => _items.Count;

    public void Report(DiagnosticDescriptor rule, SyntaxNode at, params string[] arguments) => Report(rule, at.GetLocation(), arguments);

    public void Report(DiagnosticDescriptor rule, Location at, params string[] arguments)
    {
        var info = new DiagnosticInfo(rule.Id, new(arguments), at.SourceTree?.FilePath ?? "", at.SourceSpan, at.GetLineSpan().Span);
        if (!_items.Contains(info)) _items.Add(info);
    }

    public EquatableArray<DiagnosticInfo> InSourceOrder() =>
        _items.OrderBy(item => item.Path, StringComparer.Ordinal).ThenBy(item => item.Span.Start)
            .ThenBy(item => item.Id, StringComparer.Ordinal).ToEquatable();
}
