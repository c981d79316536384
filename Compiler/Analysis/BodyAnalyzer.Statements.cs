using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace GpuCnn.Compiler.Analysis;

/// <summary>Translates statements that direct the flow of control.</summary>
internal sealed partial class BodyAnalyzer
{
    private void Statement(IOperation operation)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        switch (operation)
        {
            case IBlockOperation block:
                _statements.Add(Nested(block));
                break;
            case IVariableDeclarationGroupOperation group:
                foreach (IVariableDeclaratorOperation variable in group.Declarations.SelectMany(declaration => declaration.Declarators))
                    Declare(variable);
                break;
            case IExpressionStatementOperation statement:
                Effect(statement.Operation);
                break;
            case IReturnOperation { Kind: OperationKind.Return } result:
                _statements.Add(new Return(result.ReturnedValue is { } value ? Whole(value) : _isConstructor ? _self : null));
                break;
            case IConditionalOperation condition:
                _statements.Add(new If(Whole(condition.Condition), Nested(condition.WhenTrue), condition.WhenFalse is { } other
                    ? Nested(other)
                    : null));
                break;
            case IForLoopOperation loop:
                _statements.Add(Loop(loop));
                break;
            case IWhileLoopOperation { ConditionIsUntil: false, Condition: { } condition } loop:
                _statements.Add(loop.ConditionIsTop ? new While(Whole(condition), LoopBody(loop.Body, isUnrolled: false))
                    : DoWhile(loop, condition));
                break;
            case ISwitchOperation choice:
                if (_loops.Count > 0) _loops.Peek().Switches++;
                _statements.Add(Choice(choice));
                if (_loops.Count > 0) _loops.Peek().Switches--;
                break;
            case IBranchOperation { BranchKind: BranchKind.Break }:
                CheckJump((IBranchOperation)operation);
                _statements.Add(new Break());
                break;
            case IBranchOperation { BranchKind: BranchKind.Continue }:
                CheckJump((IBranchOperation)operation);
                _statements.Add(new Continue());
                break;
            case IEmptyOperation:
                break;
            default:
                Unsupported(operation, isStatement: true);
                break;
        }
    }

    private Block Nested(IOperation operation)
    {
        IEnumerable<IOperation> inner = operation is IBlockOperation block ? block.Operations : [operation];
        return new(Collect(() =>
        {
            foreach (IOperation statement in inner) Statement(statement);
        }));
    }

    private EquatableArray<Statement> Collect(Action analyze)
    {
        List<Statement> outer = _statements;
        _statements = [];
        _depth++;
        analyze();
        _depth--;
        EquatableArray<Statement> inner = _statements.ToEquatable();
        _statements = outer;
        return inner;
    }

    private DoWhile DoWhile(IWhileLoopOperation loop, IOperation condition)
    {
        Block body = LoopBody(loop.Body, isUnrolled: false);
        return new(Whole(condition), body);
    }

    private For Loop(IForLoopOperation loop)
    {
        _isLoopHead = true;
        EquatableArray<Statement> before = Collect(() =>
        {
            foreach (IOperation operation in loop.Before) Statement(operation);
        });
        EquatableArray<Statement> steps = Collect(() =>
        {
            foreach (IOperation operation in loop.AtLoopBottom) Statement(operation);
        });
        _isLoopHead = false;
        // The head of a C loop has room for one declaration, or for expressions.
        bool fits = before.All(statement => statement is Declaration or Assignment or Increment)
            && steps.All(statement => statement is Assignment or Increment or Evaluation)
            && before.Select(statement => (statement as Declaration)?.Type).Distinct().Count() <= 1;
        if (!fits) Report(Rules.Statement, loop, Excerpt(loop), "a 'for' whose head is more than one declaration and simple assignments");
        Expression? condition = loop.Condition is { } test ? Whole(test) : null;
        bool isCounted = condition is Binary { Operator: >= BinaryOperator.Equal } comparison
            && (IsStatic(comparison.Left) || IsStatic(comparison.Right))
            && before.Count > 0 && before.All(statement => statement is Declaration { Value: { } value } && IsStatic(value));
        _hasUnrolled |= isCounted;
        return new(before, condition, steps, LoopBody(loop.Body, _unrolls && isCounted), _unrolls && isCounted);
    }

    /// <summary>Whether a value is known when the kernel is compiled for a device.</summary>
    private static bool IsStatic(Expression expression) => expression switch
    {
        Literal or Specialization or ThreadValue { Index: ThreadIndex.GroupSize } => true,
        Conversion conversion => IsStatic(conversion.Operand),
        Unary unary => IsStatic(unary.Operand),
        Binary binary => IsStatic(binary.Left) && IsStatic(binary.Right),
        Conditional conditional => IsStatic(conditional.Condition) && IsStatic(conditional.WhenTrue) && IsStatic(conditional.WhenFalse),
        _ => false,
    };
}
