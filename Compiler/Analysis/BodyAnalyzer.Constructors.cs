using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace GpuCnn.Compiler.Analysis;

/// <summary>
/// Translates structs made by their constructors: a call of a helper that returns the struct, or its fields in braces where a constructor
/// does nothing else.
/// </summary>
internal sealed partial class BodyAnalyzer
{
    private bool _isConstructor;

    /// <summary>Translates a constructor into the body of a helper.</summary>
    /// <param name="declaration">The constructor, or the type if it is the primary constructor.</param>
    public Statement[] AnalyzeConstructor(SyntaxNode declaration, INamedTypeSymbol type, DeviceType mapped)
    {
        if (declaration is TypeDeclarationSyntax) return [new Return(Initial(type, mapped))];
        var body = (IConstructorBodyOperation)context.ModelOf(declaration.SyntaxTree).GetOperation(declaration, context.Cancellation)!;
        BeginBody(body);
        Expression start = body.Initializer is IExpressionStatementOperation { Operation: IInvocationOperation chained }
            ? Constructed(chained.TargetMethod, type, mapped, Arguments(chained), chained)
            : Initial(type, mapped);
        _self = new(mapped, SelfName);
        _isConstructor = true;
        _statements.Add(new Declaration(mapped, SelfName, start));
        foreach (IOperation operation in ((body.BlockBody ?? body.ExpressionBody)?.Operations).GetValueOrDefault()) Statement(operation);
        _statements.Add(new Return(_self));
        return [.. _statements];
    }

    private Expression Constructed(IMethodSymbol constructor, INamedTypeSymbol type, DeviceType mapped, Expression[] arguments,
        IOperation at)
    {
        if (constructor.DeclaringSyntaxReferences.Length == 0)
        {
            Report(Rules.StructConstructor, at, Excerpt(at));
            return Nothing;
        }
        IEnumerable<string?> set = TypeMapper.FieldsOf(type).Select(field => SetBy(field.Field, constructor)?.Name);
        if (IsPrimary(constructor) && set.SequenceEqual(constructor.Parameters.Select(parameter => parameter.Name)))
            return ConstructionOf(mapped, arguments);
        return context.Functions.Get(closing.Close(constructor), arguments, at.Syntax) is { } function
            ? CallOf(function, arguments)
            : Nothing;
    }

    /// <summary>Sets the fields as their initializers and the primary constructor do, and the others to 0.</summary>
    private Construction Initial(INamedTypeSymbol type, DeviceType mapped) =>
        ConstructionOf(mapped, TypeMapper.FieldsOf(type).Select(field =>
    {
        SyntaxNode at = method.DeclaringSyntaxReferences[0].GetSyntax(context.Cancellation);
        DeviceType own = context.Types.Map(closing.Close(field.Field.Type), at);
        if (InitializerOf(field.Field) is { } initializer && context.ModelOf(initializer.SyntaxTree)
            .GetOperation(initializer, context.Cancellation) is ISymbolInitializerOperation { Value: var value })
            return Value(value);
        return IsPrimary(method) && SetBy(field.Field, method) is { } parameter
            ? new Variable(own, NameAllocator.Variable(parameter.Name))
            : Zero(own);
    }));

    private bool IsPrimary(IMethodSymbol constructor) =>
        constructor.DeclaringSyntaxReferences.Any(reference => reference.GetSyntax(context.Cancellation) is TypeDeclarationSyntax);

    private EqualsValueClauseSyntax? InitializerOf(IFieldSymbol field) =>
        (field.AssociatedSymbol ?? field).DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(context.Cancellation) switch
        {
            VariableDeclaratorSyntax variable => variable.Initializer,
            PropertyDeclarationSyntax property => property.Initializer,
            _ => null,
        };

    /// <summary>The parameter of the primary constructor that a field copies, or null.</summary>
    private IParameterSymbol? SetBy(IFieldSymbol field, IMethodSymbol constructor)
    {
        string? name;
        if (InitializerOf(field) is { } initializer)
        {
            bool isParameter =
                context.ModelOf(initializer.SyntaxTree).GetSymbolInfo(initializer.Value, context.Cancellation).Symbol is IParameterSymbol;
            name = isParameter ? ((IdentifierNameSyntax)initializer.Value).Identifier.ValueText : null;
        }
        else if (field.AssociatedSymbol is { } property)
        {
            // A property of a record.
            name = property.DeclaringSyntaxReferences.Any(reference => reference.GetSyntax(context.Cancellation) is ParameterSyntax)
                ? property.Name
                : null;
        }
        else
        {
            // A parameter that members use is a field named "<x>P".
            name = field.Name[0] == '<' ? field.Name.Substring(1, field.Name.IndexOf('>') - 1) : null;
        }
        return constructor.Parameters.FirstOrDefault(parameter => parameter.Name == name
            && SymbolEqualityComparer.Default.Equals(parameter.Type, field.Type));
    }
}
