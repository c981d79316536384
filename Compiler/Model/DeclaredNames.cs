namespace GpuCnn.Compiler.Model;

/// <summary>The variables and arrays that statements declare, at any depth.</summary>
internal static class DeclaredNames
{
    public static IEnumerable<string> Of(IEnumerable<Statement> statements) => statements.SelectMany(Of);

    private static IEnumerable<string> Of(Statement? statement) => statement switch
    {
        Declaration declaration => [declaration.Name],
        ArrayDeclaration array => [array.Name],
        Block block => Of(block.Statements),
        If condition => Of(condition.WhenTrue).Concat(Of(condition.WhenFalse)),
        For loop => Of(loop.Before).Concat(Of(loop.Body)),
        While loop => Of(loop.Body),
        DoWhile loop => Of(loop.Body),
        Switch choice => choice.Sections.SelectMany(section => Of(section.Statements)),
        _ => [],
    };
}
