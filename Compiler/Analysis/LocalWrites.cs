using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace GpuCnn.Compiler.Analysis;

/// <summary>Records all values that the variables of a body are given.</summary>
internal sealed class LocalWrites
{
    // Bounds the search for a value's origin.
    private const int MostSteps = 8;

    private readonly Dictionary<ISymbol, List<IOperation?>> _writes = new(SymbolEqualityComparer.Default);

    /// <param name="body">Null for a primary constructor, which has none.</param>
    public LocalWrites(IOperation? body)
    {
        foreach (IOperation operation in body?.DescendantsAndSelf() ?? [])
        {
            switch (operation)
            {
                case IVariableDeclaratorOperation variable:
                    IVariableInitializerOperation? shared = (variable.Parent as IVariableDeclarationOperation)?.Initializer;
                    IVariableInitializerOperation? start = variable.Initializer ?? shared;
                    if (start is not null) Add(variable.Symbol, start.Value);
                    break;
                case ISimpleAssignmentOperation assignment:
                    Add(assignment.Target, assignment.Value);
                    break;
                case ICompoundAssignmentOperation assignment:
                    Add(assignment.Target, assignment);
                    break;
                case IIncrementOrDecrementOperation increment:
                    Add(increment.Target, increment);
                    break;
                case IDeconstructionAssignmentOperation deconstruction:
                    Deconstruct(deconstruction);
                    break;
                case IArgumentOperation { Parameter.RefKind: not (RefKind.None or RefKind.In) } argument:
                    Add(argument.Value, null);
                    break;
            }
        }
    }

    /// <summary>
    /// Each value that a variable or parameter is given. A compound assignment or increment stands for its own result, null for a value
    /// that is not known.
    /// </summary>
    public IReadOnlyList<IOperation?> Of(ISymbol variable) => _writes.TryGetValue(variable, out List<IOperation?> found) ? found : [];

    /// <summary>Follows a value through variables that are assigned once, back to its origin.</summary>
    public IOperation Origin(IOperation value)
    {
        for (int step = 0; step < MostSteps && Before(value) is { } before; step++) value = before;
        return value;
    }

    private IOperation? Before(IOperation value) => value switch
    {
        IParenthesizedOperation parenthesized => parenthesized.Operand,
        IConversionOperation { OperatorMethod: null, Conversion.IsIdentity: true } identity => identity.Operand,
        ILocalReferenceOperation local when Of(local.Local) is { Count: 1 } writes =>
            writes[0] is ICompoundAssignmentOperation or IIncrementOrDecrementOperation ? null : writes[0],
        _ => null,
    };

    private void Add(IOperation target, IOperation? value)
    {
        ISymbol? symbol = (target is IDeclarationExpressionOperation declaration ? declaration.Expression : target) switch
        {
            ILocalReferenceOperation local => local.Local,
            IParameterReferenceOperation parameter => parameter.Parameter,
            _ => null,
        };
        if (symbol is not null) Add(symbol, value);
    }

    private void Add(ISymbol symbol, IOperation? value)
    {
        if (!_writes.TryGetValue(symbol, out List<IOperation?> values)) _writes.Add(symbol, values = []);
        values.Add(value);
    }

    private void Deconstruct(IDeconstructionAssignmentOperation deconstruction)
    {
        IOperation target = deconstruction.Target, source = deconstruction.Value;
        if (target is IDeclarationExpressionOperation declaration) target = declaration.Expression;
        while (source is IConversionOperation conversion) source = conversion.Operand;
        if (target is not ITupleOperation targets) return;
        for (int i = 0; i < targets.Elements.Length; i++) Add(targets.Elements[i], (source as ITupleOperation)?.Elements[i]);
    }
}
