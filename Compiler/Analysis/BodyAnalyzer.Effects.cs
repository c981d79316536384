using System.Globalization;
using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace GpuCnn.Compiler.Analysis;

/// <summary>
/// Translates declarations and everything that changes something. These are allowed as statements only: C leaves the order of evaluation
/// open, and C# does not.
/// </summary>
internal sealed partial class BodyAnalyzer
{
    private void Declare(IVariableDeclaratorOperation variable)
    {
        ILocalSymbol symbol = variable.Symbol;
        if (symbol.IsConst) return;
        if (symbol.RefKind != RefKind.None)
        {
            Report(Rules.References, variable, Excerpt(variable));
            return;
        }
        IOperation? value = (variable.Initializer ?? (variable.Parent as IVariableDeclarationOperation)?.Initializer)?.Value;
        string name = NameAllocator.Variable(symbol.Name);
        ITypeSymbol type = closing.Close(symbol.Type);
        if (!KernelLanguage.IsView(type))
        {
            int before = context.Diagnostics.Count;
            Expression? start = value is null ? null : Whole(value);
            // An error in the value already explains a type that cannot be mapped.
            DeviceType mapped = context.Diagnostics.Count > before ? DeviceType.Int : context.Types.Map(type, variable.Syntax);
            if (mapped is not EmptyType) _statements.Add(new Declaration(mapped, name, start));
            return;
        }

        if (value is not null && Unwrap(value) is IInvocationOperation call && KernelLanguage.IsArray(call.TargetMethod))
        {
            DeclareArray(symbol, name, call);
            return;
        }
        if (value is not null && Value(value) is { Type: PointerType pointer } begin)
        {
            PointerType own = pointer with { IsReadOnly = KernelLanguage.IsReadOnlyView(type) };
            _views[symbol] = own;
            _statements.Add(new Declaration(own, name, begin));
            return;
        }
        _views[symbol] = new(DeviceType.Int, Space.Global, false);
        if (value is null || Unwrap(value) is not IDefaultValueOperation) Report(Rules.ViewSpace, variable, symbol.Name);
    }

    private void DeclareArray(ILocalSymbol symbol, string name, IInvocationOperation call)
    {
        IMethodSymbol array = closing.Close(call.TargetMethod);
        Space space = array.ContainingType.Name == "Shared" ? Space.Shared : Space.Local;
        DeviceType element = context.Types.MapPresent(array.TypeArguments[0], call.Syntax);
        Expression length = Value(call.Arguments[0].Value);
        if (!isKernel || _depth > 0) Report(Rules.ArrayPlace, call);
        if (!IsStatic(length)) Report(Rules.ArrayLength, call.Arguments[0], call.Arguments[0].Syntax.ToString());
        _views[symbol] = new(element, space, false);
        _statements.Add(new ArrayDeclaration(element, space, name, length));
    }

    private void Effect(IOperation operation)
    {
        switch (operation)
        {
            case ISimpleAssignmentOperation assignment:
                Assign(assignment);
                break;
            case ICompoundAssignmentOperation assignment:
                Assign(assignment);
                break;
            case IIncrementOrDecrementOperation { OperatorMethod: null } increment:
                CheckArithmetic(increment, increment.IsChecked);
                _statements.Add(new Increment(Target(increment.Target), increment.Kind == OperationKind.Decrement));
                break;
            case IDeconstructionAssignmentOperation deconstruction:
                Deconstruct(deconstruction);
                break;
            case IInvocationOperation call when KernelLanguage.IsBarrier(call.TargetMethod):
                HasBarriers = HasEffects = true;
                _statements.Add(new BarrierWait());
                break;
            case IInvocationOperation call:
                _statements.Add(new Evaluation(Whole(call)));
                break;
            default:
                Unsupported(operation, isStatement: true);
                break;
        }
    }

    private void Assign(ISimpleAssignmentOperation assignment)
    {
        if (assignment.IsRef)
        {
            Report(Rules.References, assignment, Excerpt(assignment));
        }
        else if (assignment.Target is IDiscardOperation)
        {
            Expression value = Whole(assignment.Value);
            if (value.Type is not EmptyType) _statements.Add(new Evaluation(value));
        }
        else if (assignment.Target.Type is { } type && KernelLanguage.IsView(closing.Close(type)))
        {
            Report(Rules.ViewAssignment, assignment, assignment.Target.Syntax.ToString());
        }
        else
        {
            Expression target = Target(assignment.Target);
            Expression value = MayWaitForValue(target) ? Whole(assignment.Value) : Value(assignment.Value);
            if (target.Type is not EmptyType) _statements.Add(new Assignment(target, null, value));
        }
    }

    private void Assign(ICompoundAssignmentOperation assignment)
    {
        CheckArithmetic(assignment, assignment.IsChecked);
        Expression target = Target(assignment.Target);
        // C# reads an element before it computes the right side, which may change the element. A variable is changed by nobody else.
        Expression value = target is Variable ? Whole(assignment.Value) : Value(assignment.Value);
        if (BinaryOf(assignment.OperatorKind) is not { } kind)
        {
            Unsupported(assignment, isStatement: true);
            return;
        }
        if (assignment.OperatorMethod is { } operation && !IsBuiltIn(operation, assignment.ConstrainedToType))
        {
            if (!assignment.InConversion.IsIdentity || !assignment.OutConversion.IsIdentity) Unsupported(assignment, isStatement: true);
            _statements.Add(new Assignment(target, null, UserOperator(operation, assignment.ConstrainedToType, assignment, target, value)));
            return;
        }

        if (kind == BinaryOperator.Divide && target.Type.Scalar is { } divided && divided.IsInteger()) CheckDivision(assignment.Target,
            assignment.Value, target, value, assignment);
        bool isShift = kind is BinaryOperator.ShiftLeft or BinaryOperator.ShiftRight or BinaryOperator.UnsignedShiftRight;
        bool isSame = assignment.InConversion.IsIdentity && assignment.OutConversion.IsIdentity;
        if (isSame && !isShift && target.Type is ScalarType { Kind: var scalar } && !scalar.IsVector()
            && !(kind == BinaryOperator.Remainder && scalar.IsFloating()))
        {
            _statements.Add(new Assignment(target, kind, value));
            return;
        }
        // byte b += x is b = (byte)((int)b + x). The target has no side effects, so it can be written twice.
        DeviceType computed = isShift ? Promoted(target.Type) : target.Type.Scalar is { } vector && vector.IsVector()
            ? target.Type : value.Type;
        _statements.Add(new Assignment(target, null, Convert(Arithmetic(computed, kind, Convert(target, computed), value), target.Type)));
    }

    private void Deconstruct(IDeconstructionAssignmentOperation assignment)
    {
        ITupleOperation? targets = (assignment.Target as IDeclarationExpressionOperation)?.Expression as ITupleOperation
            ?? assignment.Target as ITupleOperation;
        if (targets is null || Unwrap(assignment.Value).Type is not INamedTypeSymbol { IsTupleType: true }
            || targets.Elements.Any(element => element is ITupleOperation))
        {
            Unsupported(assignment, isStatement: true);
            return;
        }
        Expression value = Whole(Unwrap(assignment.Value));
        Expression[] parts;
        if (value is Construction construction && construction.Values.Count == targets.Elements.Length)
        {
            // All values are read before any target is written: (a, b) = (b, a).
            parts = [.. construction.Values.Select(Temporary)];
        }
        else
        {
            Expression tuple = Temporary(value);
            ITypeSymbol type = closing.Close(Unwrap(assignment.Value).Type!);
            parts = [.. TypeMapper.FieldsOf((INamedTypeSymbol)type)
                .Select(field => new Field(context.Types.Map(field.Field.Type, assignment.Syntax), tuple, field.Name))];
        }
        for (int i = 0; i < parts.Length; i++) AssignPart(targets.Elements[i], parts[i]);
    }

    private void AssignPart(IOperation element, Expression part)
    {
        IOperation target = element is IDeclarationExpressionOperation declaration ? declaration.Expression : element;
        if (target is IDiscardOperation || part.Type is EmptyType) return;
        if (target is ILocalReferenceOperation { IsDeclaration: true } local)
        {
            DeviceType type = TypeOf(local);
            _statements.Add(new Declaration(type, NameAllocator.Variable(local.Local.Name), Convert(part, type)));
            return;
        }
        Expression assigned = Target(target);
        _statements.Add(new Assignment(assigned, null, Convert(part, assigned.Type)));
    }

    private Variable Temporary(Expression value)
    {
        // Begins with a capital letter, as no variable of the kernel does.
        string name = "T" + _temporaries++.ToString(CultureInfo.InvariantCulture);
        _statements.Add(new Declaration(value.Type, name, value));
        return new(value.Type, name);
    }

    private Expression Target(IOperation target)
    {
        Expression expression = Value(target);
        Expression root = expression;
        while (root is Field field) root = field.Target;
        if (root is Element { Pointer.Type: PointerType pointer })
        {
            if (pointer.Space != Space.Local || !isKernel) HasEffects = true;
        }
        return expression;
    }

    /// <summary>Whether the target denotes the same place before and after the value is computed.</summary>
    private static bool MayWaitForValue(Expression target) => target switch
    {
        Variable => true,
        Field field => MayWaitForValue(field.Target),
        Element element => MayWaitForValue(element.Pointer) && !ReadsMemory(element.Index),
        _ => false,
    };

    private static bool ReadsMemory(Expression expression) => expression switch
    {
        Element or Call or IntrinsicCall or Model.CudaCall => true,
        Field field => ReadsMemory(field.Target),
        Unary unary => ReadsMemory(unary.Operand),
        Binary binary => ReadsMemory(binary.Left) || ReadsMemory(binary.Right),
        Conversion conversion => ReadsMemory(conversion.Operand),
        Conditional conditional => ReadsMemory(conditional.Condition) || ReadsMemory(conditional.WhenTrue)
            || ReadsMemory(conditional.WhenFalse),
        _ => false,
    };

    private void CheckArithmetic(IOperation operation, bool isChecked)
    {
        if (isChecked) Report(Rules.Checked, operation);
    }
}
