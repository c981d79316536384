using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace GpuCnn.Compiler.Analysis;

/// <summary>What the variables of a body are given, in all places.</summary>
internal sealed class LocalWrites
{
    private readonly Dictionary<ISymbol, List<IOperation?>> _writes = new(SymbolEqualityComparer.Default);

    /// <param name="body">Null where there is none: of a primary constructor.</param>
    public LocalWrites(IOperation? body)
    {
        foreach (IOperation operation in body?.DescendantsAndSelf() ?? [])
        {
            switch (operation)
            {
                case IVariableDeclaratorOperation variable:
                    if ((variable.Initializer ?? (variable.Parent as IVariableDeclarationOperation)?.Initializer)?.Value is { } start) Add(variable.Symbol, start);
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

    /// <summary>Each value that a variable or a parameter is given, a compound assignment or an increment as itself; null stands for one that is not known.</summary>
    public IReadOnlyList<IOperation?> Of(ISymbol variable) => _writes.TryGetValue(variable, out List<IOperation?> found) ? found : [];

    /// <summary>What a value is made from, where that is a variable that is given one value in one place.</summary>
    public IOperation Origin(IOperation value)
    {
        for (int steps = 0; steps < 8; steps++)
        {
            if (value is IParenthesizedOperation parenthesized) value = parenthesized.Operand;
            else if (value is IConversionOperation { OperatorMethod: null, Conversion.IsIdentity: true } identity) value = identity.Operand;
            else if (value is ILocalReferenceOperation local && Of(local.Local) is { Count: 1 } writes && writes[0] is { } only and not (ICompoundAssignmentOperation or IIncrementOrDecrementOperation)) value = only;
            else break;
        }
        return value;
    }

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
        IOperation target = deconstruction.Target is IDeclarationExpressionOperation declaration ? declaration.Expression : deconstruction.Target;
        if (target is not ITupleOperation targets) return;
        IOperation source = deconstruction.Value;
        while (source is IConversionOperation conversion) source = conversion.Operand;
        for (int i = 0; i < targets.Elements.Length; i++) Add(targets.Elements[i], (source as ITupleOperation)?.Elements[i]);
    }
}
