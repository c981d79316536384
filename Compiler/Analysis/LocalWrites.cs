using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace GpuCnn.Compiler.Analysis;

/// <summary>What the variables of a body are given, in all places.</summary>
internal sealed class LocalWrites
{
    // As deep as anybody looks for where a value comes from.
    private const int MostSteps = 8;

    private readonly Dictionary<ISymbol, List<IOperation?>> _writes = new(SymbolEqualityComparer.Default);

    /// <param name="body">Null where there is none: of a primary constructor.</param>
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
    /// Each value that a variable or a parameter is given, a compound assignment or an increment as itself; null stands for one that is not
    /// known.
    /// </summary>
    public IReadOnlyList<IOperation?> Of(ISymbol variable) => _writes.TryGetValue(variable, out List<IOperation?> found) ? found : [];

    /// <summary>What a value is made from, where that is a variable that is given one value in one place.</summary>
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
