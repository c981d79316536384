using System.Globalization;
using GpuCnn.Compiler.Analysis;
using GpuCnn.Compiler.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace GpuCnn.Compiler.Host;

/// <summary>
/// Rewrites barriers to <c>yield return</c>, calls of helpers with barriers to loops over the helper's barriers, collective functions of a
/// warp to an offer and a <c>yield return</c>, and names to full names, because a helper's copy is part of the kernel. Every line stays
/// where it was.
/// </summary>
/// <param name="helper">The method to copy, or null for the kernel's body.</param>
internal sealed class StepsRewriter(StepsWriter writer, KernelContext context, INamedTypeSymbol kernel, IMethodSymbol? helper)
    : CSharpSyntaxRewriter
{
    public const string Result = "result__";

    private const string Language = "global::GpuCnn.Kernels.Language.";

    private int _boxes;

    public string ExpressionBody(ExpressionSyntax expression, bool isValue) => isValue
        ? (Call(expression) is { } call ? $"{{ {Drive(call, Result)} }}" : $"{{ {Result}.Value = {Visit(expression)}; yield break; }}")
        : $"{{ {Wait(expression)} }}";

    /// <summary>Rewrites a parameter's type. The parameter without its modifiers is no longer part of the source; its type is.</summary>
    public SyntaxNode Visit(ParameterSyntax bare, ParameterSyntax source) =>
        bare.WithType((TypeSyntax)Visit(source.Type!)!.WithTrailingTrivia(SyntaxFactory.Space));

    public override SyntaxNode? VisitBlock(BlockSyntax node) =>
        node.WithStatements(SyntaxFactory.List(node.Statements.SelectMany(Statements)));

    public override SyntaxNode? VisitSwitchSection(SwitchSectionSyntax node) =>
        SyntaxFactory.SwitchSection(VisitList(node.Labels), SyntaxFactory.List(node.Statements.SelectMany(Statements)));

    public override SyntaxNode? VisitExpressionStatement(ExpressionStatementSyntax node)
    {
        if (node.Expression is InvocationExpressionSyntax && Call(node.Expression) is not null) return Replace(node, Wait(node.Expression));
        if (node.Expression is AssignmentExpressionSyntax assignment && Call(assignment.Right) is { } call)
        {
            string box = Box();
            return Replace(node, $"{{ {Declare(call, box)} {Drive(call, box)} "
                + $"{Visit(assignment.Left)} {assignment.OperatorToken} {ResultOf(call, box)}; }}");
        }
        return base.VisitExpressionStatement(node);
    }

    public override SyntaxNode? VisitReturnStatement(ReturnStatementSyntax node) =>
        Replace(node, node.Expression is null ? "yield break;" : $"{{ {Result}.Value = {Visit(node.Expression)}; yield break; }}");

    public override SyntaxNode? VisitIdentifierName(IdentifierNameSyntax node) => Qualified(node, node);

    public override SyntaxNode? VisitGenericName(GenericNameSyntax node) => Qualified(node, (SimpleNameSyntax)base.VisitGenericName(node)!);

    /// <summary>Turns a declaration into several statements of the same block, so that its variables stay in scope.</summary>
    private IEnumerable<StatementSyntax> Statements(StatementSyntax statement)
    {
        bool waits = statement is LocalDeclarationStatementSyntax { Declaration.Variables: var declared }
            && declared.Any(variable => Call(variable.Initializer?.Value) is not null);
        if (!waits || statement is not LocalDeclarationStatementSyntax { Declaration: var declaration })
        {
            yield return (StatementSyntax)Visit(statement)!;
            yield break;
        }
        string text = "";
        foreach (VariableDeclaratorSyntax variable in declaration.Variables)
        {
            string start = $"{Visit(declaration.Type)} {variable.Identifier}";
            if (Call(variable.Initializer?.Value) is { } call)
            {
                string box = Box();
                text += $"{Declare(call, box)} {Drive(call, box)} {start} = {ResultOf(call, box)}; ";
            }
            else
            {
                text += variable.Initializer is null ? $"{start}; " : $"{start} = {Visit(variable.Initializer.Value)}; ";
            }
        }
        // Parse a block, which is one node, and take the statements out of its braces.
        SyntaxList<StatementSyntax> parts = ((BlockSyntax)Replace(statement, "{ " + text + "}")).Statements;
        for (int i = 0; i < parts.Count; i++)
        {
            StatementSyntax part = parts[i];
            if (i == 0) part = part.WithLeadingTrivia(statement.GetLeadingTrivia());
            if (i == parts.Count - 1) part = part.WithTrailingTrivia(Padding(statement, text).AddRange(statement.GetTrailingTrivia()));
            yield return part;
        }
    }

    private InvocationExpressionSyntax? Call(ExpressionSyntax? expression) =>
        expression is InvocationExpressionSyntax call && Method(call) is { } method && writer.Waits(method) ? call : null;

    private IMethodSymbol? Method(InvocationExpressionSyntax call) =>
        ModelOf(call).GetSymbolInfo(call, context.Cancellation).Symbol as IMethodSymbol;

    private SemanticModel ModelOf(SyntaxNode node) => context.ModelOf(node.SyntaxTree);

    private string Box() => "box__" + _boxes++.ToString(CultureInfo.InvariantCulture);

    private bool IsCollective(InvocationExpressionSyntax call) => KernelLanguage.IsCollective(Method(call)!);

    private string Declare(InvocationExpressionSyntax call, string box) => IsCollective(call) ? ""
        : $"var {box} = new global::System.Runtime.CompilerServices.StrongBox<{StepsWriter.Full(Method(call)!.ReturnType)}>();";

    private string ResultOf(InvocationExpressionSyntax call, string box) => IsCollective(call)
        ? $"{Language}WarpSteps.Result<{StepsWriter.Full(Method(call)!.ReturnType)}>()"
        : box + ".Value";

    private string Wait(ExpressionSyntax expression)
    {
        if (Call(expression) is not { } call) return $"{Visit(expression)};";
        IMethodSymbol method = Method(call)!;
        if (!KernelLanguage.IsBarrier(method))
            return method.ReturnsVoid || IsCollective(call) ? Drive(call, null) : $"{{ {Declare(call, "box__")} {Drive(call, "box__")} }}";
        return Site(call, isWarp: false);
    }

    private static string Site(InvocationExpressionSyntax call, bool isWarp) =>
        $"yield return new {Language}BarrierSite("
        + $"\"{Path.GetFileName(call.SyntaxTree.FilePath)}\", {LineOf(call)}{(isWarp ? ", IsWarp: true" : "")});";

    private static string LineOf(SyntaxNode node) =>
        (node.GetLocation().GetLineSpan().StartLinePosition.Line + 1).ToString(CultureInfo.InvariantCulture);

    private string Drive(InvocationExpressionSyntax call, string? box)
    {
        IMethodSymbol method = Method(call)!;
        IEnumerable<string> arguments =
            call.ArgumentList.Arguments.Select(argument => argument.NameColon + Visit(argument.Expression)!.ToString());
        if (method.ReducedFrom is not null && call.Expression is MemberAccessExpressionSyntax access)
            arguments = arguments.Prepend(Visit(access.Expression)!.ToString());
        if (IsCollective(call))
            return $"{{ {Language}WarpSteps.{method.Name}({string.Join(", ", arguments)}); {Site(call, isWarp: true)} }}";
        if (box is not null) arguments = arguments.Prepend(box);
        string types = method.TypeArguments.Length == 0 ? "" : "<" + string.Join(", ", method.TypeArguments.Select(StepsWriter.Full)) + ">";
        return $"foreach (var site__ in {writer.StepsOf(method)}{types}({string.Join(", ", arguments)}))"
            + $" yield return site__ with {{ CallLine = {LineOf(call)} }};";
    }

    private static StatementSyntax Replace(StatementSyntax statement, string text) => SyntaxFactory.ParseStatement(text)
        .WithLeadingTrivia(statement.GetLeadingTrivia())
            .WithTrailingTrivia(Padding(statement, text).AddRange(statement.GetTrailingTrivia()));

    /// <summary>The line breaks that the replacement lacks.</summary>
    private static SyntaxTriviaList Padding(StatementSyntax statement, string text)
    {
        int missing = statement.ToString().Count(letter => letter == '\n') - text.Count(letter => letter == '\n');
        return SyntaxFactory.TriviaList(Enumerable.Repeat(SyntaxFactory.EndOfLine("\n"), Math.Max(missing, 0)));
    }

    private SyntaxNode Qualified(SimpleNameSyntax source, SimpleNameSyntax name)
    {
        bool isMember = source.Parent switch
        {
            MemberAccessExpressionSyntax access => access.Name == source,
            QualifiedNameSyntax qualified => qualified.Right == source,
            AliasQualifiedNameSyntax or NameColonSyntax or NameEqualsSyntax or MemberBindingExpressionSyntax => true,
            _ => false,
        };
        ISymbol? symbol = ModelOf(source).GetSymbolInfo(source, context.Cancellation).Symbol;
        if (symbol is { IsStatic: true } && helper is not null && symbol is IMethodSymbol or IFieldSymbol or IPropertySymbol
            && !context.Compilation.IsSymbolAccessibleWithin(symbol, kernel))
        {
            context.Diagnostics.Report(Rules.BarrierHelper, source, symbol.Name, helper.Name);
        }
        if (isMember || symbol is null || source is IdentifierNameSyntax { IsVar: true }) return name;
        return symbol switch
        {
            INamedTypeSymbol type => SyntaxFactory.ParseName(StepsWriter.Full(type)).WithTriviaFrom(name),
            INamespaceSymbol space => SyntaxFactory.ParseName("global::" + space.ToDisplayString()).WithTriviaFrom(name),
            IMethodSymbol { IsStatic: true, MethodKind: MethodKind.Ordinary }
                or IFieldSymbol { IsStatic: true } or IPropertySymbol { IsStatic: true } =>
                SyntaxFactory.ParseExpression(StepsWriter.Full(symbol.ContainingType) + "." + name.ToString()).WithTriviaFrom(name),
            _ => name,
        };
    }
}
