using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace GpuCnn.Compiler.Analysis;

/// <summary>Translates patterns into comparisons, and the choices that they make.</summary>
internal sealed partial class BodyAnalyzer
{
    public override Expression VisitIsPattern(IIsPatternOperation operation, object? argument)
    {
        Expression value = Value(operation.Value);
        IPatternOperation pattern = operation.Pattern;
        while (pattern is INegatedPatternOperation negated) pattern = negated.Pattern;
        if (pattern is not IBinaryPatternOperation || IsSimple(value)) return Test(operation.Pattern, value);
        Report(Rules.Pattern, operation, Excerpt(operation));
        return Nothing;
    }

    public override Expression VisitSwitchExpression(ISwitchExpressionOperation operation, object? argument)
    {
        Expression value = Value(operation.Value);
        if (!IsSimple(value) || operation.Arms.Last() is not { Pattern: IDiscardPatternOperation, Guard: null })
        {
            Report(Rules.Pattern, operation, Excerpt(operation));
            return Nothing;
        }
        Expression result = Value(operation.Arms.Last().Value);
        foreach (ISwitchExpressionArmOperation arm in operation.Arms.Reverse().Skip(1))
            result = new Conditional(result.Type, Test(arm.Pattern, arm.Guard, value), Value(arm.Value), result);
        return result;
    }

    private Switch Choice(ISwitchOperation choice)
    {
        Expression value = Whole(choice.Value);
        bool isPlain = choice.Cases.SelectMany(section => section.Clauses)
            .All(clause => clause is ISingleValueCaseClauseOperation or IDefaultCaseClauseOperation
                or IPatternCaseClauseOperation { Guard: null, Pattern: IConstantPatternOperation });
        if (!isPlain && !IsSimple(value)) value = Temporary(value);
        // C's cases are constants. For other cases, compute the number of the section first, so that 'break' and 'continue' keep their
        // meaning.
        Expression chosen =
            new Literal(DeviceType.Int,
            choice.Cases.TakeWhile(section => !section.Clauses.Any(clause => clause is IDefaultCaseClauseOperation)).Count());
        var sections = new List<SwitchSection>();
        var tests = new List<Expression?>();
        var declared = new List<ISymbol>();
        foreach (ISwitchCaseOperation section in choice.Cases)
        {
            Expression[] labels =
                [.. section.Clauses.Where(clause => clause is not IDefaultCaseClauseOperation)
                .Select(clause => isPlain ? Label(clause) : Test(clause, value))];
            bool isDefault = labels.Length < section.Clauses.Length;
            tests.Add(labels.Length == 0
                ? null
                : labels.Aggregate((one, other) => new Binary(DeviceType.Bool, BinaryOperator.OrElse, one, other)));
            EquatableArray<Statement> body = Collect(() =>
            {
                foreach (IOperation statement in section.Body) Statement(statement);
            });
            Expression[] numbers = labels.Length == 0 ? [] : [new Literal(DeviceType.Int, sections.Count)];
            sections.Add(new((isPlain ? labels : numbers).ToEquatable(), isDefault, body));
            // C# lets the next section assign and use them. In C each section has its own braces.
            IEnumerable<ISymbol> variables = section.Body.OfType<IVariableDeclarationGroupOperation>()
                .SelectMany(group => group.Declarations).SelectMany(declaration => declaration.Declarators)
                    .Select(variable => variable.Symbol);
            foreach (ISymbol variable in variables)
            {
                declared.Add(variable);
                _outOfScope.Add(variable);
            }
        }
        _outOfScope.ExceptWith(declared);
        if (isPlain) return new(value, sections.ToEquatable());
        for (int i = tests.Count - 1; i >= 0; i--)
            if (tests[i] is { } test) chosen = new Conditional(DeviceType.Int, test, new Literal(DeviceType.Int, i), chosen);
        return new(chosen, sections.ToEquatable());
    }

    private Expression Label(ICaseClauseOperation clause) =>
        clause is IPatternCaseClauseOperation { Pattern: IConstantPatternOperation constant }
        ? Value(constant.Value)
        : Value(((ISingleValueCaseClauseOperation)clause).Value);

    private Expression Test(ICaseClauseOperation clause, Expression value) => clause switch
    {
        ISingleValueCaseClauseOperation single => new Binary(DeviceType.Bool, BinaryOperator.Equal, value, Value(single.Value)),
        IPatternCaseClauseOperation pattern => Test(pattern.Pattern, pattern.Guard, value),
        _ => Unsupported(clause),
    };

    private Expression Test(IPatternOperation pattern, IOperation? guard, Expression value)
    {
        Expression test = Test(pattern, value);
        if (guard is null) return test;
        return pattern is IDiscardPatternOperation ? Value(guard) : new Binary(DeviceType.Bool, BinaryOperator.AndAlso, test, Value(guard));
    }

    private Expression Test(IPatternOperation pattern, Expression value)
    {
        switch (pattern)
        {
            // A constant pattern matches NaN, a comparison does not.
            case IConstantPatternOperation constant when constant.Value.ConstantValue
                is not { HasValue: true, Value: float.NaN or double.NaN }:
                return new Binary(DeviceType.Bool, BinaryOperator.Equal, value, Value(constant.Value));
            case IRelationalPatternOperation relational when BinaryOf(relational.OperatorKind) is { } comparison:
                return new Binary(DeviceType.Bool, comparison, value, Value(relational.Value));
            case INegatedPatternOperation negated:
                CheckNegation(negated, value);
                return new Unary(DeviceType.Bool, UnaryOperator.Not, Test(negated.Pattern, value));
            case IBinaryPatternOperation both:
                return new Binary(DeviceType.Bool, both.OperatorKind == BinaryOperatorKind.And
                    ? BinaryOperator.AndAlso
                    : BinaryOperator.OrElse,
                    Test(both.LeftPattern, value), Test(both.RightPattern, value));
            case IDiscardPatternOperation:
                return new Literal(DeviceType.Bool, 1);
            default:
                Report(Rules.Pattern, pattern, Excerpt(pattern));
                return new Literal(DeviceType.Bool, 1);
        }
    }

    /// <summary>Whether an expression costs nothing to repeat, and gives the same value each time.</summary>
    private static bool IsSimple(Expression value) => value is Variable or Specialization or Literal or Field { Target: Variable };
}
