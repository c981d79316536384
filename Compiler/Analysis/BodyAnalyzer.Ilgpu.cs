using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace GpuCnn.Compiler.Analysis;

/// <summary>What ILGPU 1.5.3 computes otherwise than C#, and says nothing of: kernels do without. What it forgets as it reads C# cannot be mended behind it; what it keeps is.</summary>
internal sealed partial class BodyAnalyzer
{
    private readonly Stack<LoopAround> _loops = new();
    private LocalWrites _writes = new(null);
    private NonNegative? _signs;

    /// <summary>Ordinals of the parameters that calls have to show to be not negative.</summary>
    public IReadOnlyCollection<int> NonNegativeParameters => _signs?.Assumed ?? [];

    private NonNegative Signs => _signs ??= new(_writes, method, closing);

    private void BeginBody(IOperation? body) => _writes = new(body);

    private void CheckBinary(IBinaryOperation operation, BinaryOperator kind, Expression left, Expression right)
    {
        if (left.Type.Scalar is not { } scalar) return;
        if (kind == BinaryOperator.Divide && scalar.IsInteger()) CheckDivision(operation.LeftOperand, operation.RightOperand, left, right, operation);
        if (!scalar.IsFloating()) return;
        if (kind is BinaryOperator.Less or BinaryOperator.LessOrEqual or BinaryOperator.Greater or BinaryOperator.GreaterOrEqual && IsKnown(operation.LeftOperand) && !IsKnown(operation.RightOperand))
            Report(Rules.ConstantLeft, operation, Excerpt(operation));
        if (kind is BinaryOperator.Add or BinaryOperator.Subtract && IsZero(operation.LeftOperand) || kind == BinaryOperator.Add && IsZero(operation.RightOperand))
            Report(Rules.Reassociation, operation, Excerpt(operation), "without the zero, so that a zero may change its sign: write the other value alone, or its negation");
        else if (kind is BinaryOperator.Add or BinaryOperator.Subtract or BinaryOperator.Multiply && (IsKnown(operation.RightOperand) && HoldsConstant(operation.LeftOperand, operation.OperatorKind)
            || IsKnown(operation.LeftOperand) && HoldsConstant(operation.RightOperand, operation.OperatorKind)))
            Report(Rules.Reassociation, operation, Excerpt(operation), "both constants first, which rounds otherwise: write one constant, or none next to the other");
    }

    /// <param name="at">The division.</param>
    private void CheckDivision(IOperation dividend, IOperation divisor, Expression left, Expression right, IOperation at)
    {
        // A quotient of two constants is computed as it should be; what is only known at the launch is no shift.
        if (IsStatic(left) && IsStatic(right) || right is Element || IsArgument(divisor)) return;
        if (divisor.ConstantValue is { HasValue: true, Value: { } constant } && !IsPowerOfTwo(constant)) return;
        bool isSigned = left.Type.Scalar is { } scalar && IsSigned(scalar);
        if (Signs.Holds(dividend, mayAssume: isSigned)) return;
        if (isSigned) Report(Rules.SignedDivision, at, Excerpt(dividend), "");
        else Report(Rules.UnsignedDivision, at, Excerpt(dividend));
    }

    /// <summary>A helper that divides its parameters is called with numbers from 0 on.</summary>
    private void CheckSigns(IInvocationOperation call, Function function)
    {
        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (argument.Parameter is { } parameter && function.NonNegative.Contains(parameter.Ordinal) && !Signs.Holds(argument.Value))
                Report(Rules.SignedDivision, argument, Excerpt(argument), $" where '{call.TargetMethod.Name}' divides it");
        }
    }

    private void CheckNegation(IUnaryOperation operation, Expression operand)
    {
        if (operation.OperatorKind == UnaryOperatorKind.Not && operand is Binary { Operator: BinaryOperator.Less or BinaryOperator.LessOrEqual or BinaryOperator.Greater or BinaryOperator.GreaterOrEqual } comparison
            && comparison.Left.Type.Scalar is { } compared && compared.IsFloating())
            Report(Rules.NegatedComparison, operation, Excerpt(operation));
        if (operation.OperatorKind is UnaryOperatorKind.Minus or UnaryOperatorKind.BitwiseNegation && IsTruth(operation.Operand))
            Report(Rules.Truth, operation, Excerpt(operation.Operand), "where it is negated");
    }

    private void CheckNegation(INegatedPatternOperation operation, Expression value)
    {
        if (operation.Pattern is IRelationalPatternOperation && value.Type.Scalar is { } compared && compared.IsFloating()) Report(Rules.NegatedComparison, operation, Excerpt(operation));
    }

    private void CheckConversion(IConversionOperation operation, ITypeSymbol from, ITypeSymbol to)
    {
        if (TypeMapper.ScalarOf(from) is not { } source || TypeMapper.ScalarOf(to) is not { } target) return;
        if (target.IsFloating() && source.IsInteger() && IsTruth(operation.Operand)) Report(Rules.Truth, operation, Excerpt(operation.Operand), "where it becomes a float");
        (ITypeSymbol type, string instead)? step = null;
        if (IsSmall(target) && source.IsFloating()) step = (from, "convert to int, and take the bits with '&' or shifts");
        else if (IsSmall(target) && AreMixed(source, target))
            step = (from, "take the bits of an int with '&', or extend the sign with shifts");
        else if (Inner(operation) is { } inner)
            step = (inner, "store the step between in a view or compute with it, or convert at once");
        if (step is { } wrong)
            Report(Rules.Conversion, operation, Excerpt(operation.Operand), Name(wrong.type), Name(to), wrong.instead);
    }

    /// <summary>The type that a conversion of a conversion starts at, where the step between decides the result and is left out.</summary>
    private ITypeSymbol? Inner(IConversionOperation outer)
    {
        if (_writes.Origin(outer.Operand) is not IConversionOperation { OperatorMethod: null, Operand.Type: { } type } inner || inner.ConstantValue.HasValue) return null;
        type = closing.Close(type);
        if (TypeMapper.ScalarOf(type) is not { } first || TypeMapper.ScalarOf(closing.Close(inner.Type!)) is not { } between || TypeMapper.ScalarOf(closing.Close(outer.Type!)) is not { } last) return null;
        if (first.IsFloating()) return between.IsInteger() && last.IsInteger() && NonNegative.Bytes(last) <= NonNegative.Bytes(between) ? type : null;
        if (!between.IsInteger() || !first.IsInteger()) return null;
        // From int to ulong to double: the first step is taken for the sign, which the second does not have.
        if (last.IsFloating()) return between == Scalar.ULong && IsSigned(first) && !Signs.Holds(inner.Operand, mayAssume: false) ? type : null;
        return AreMixed(first, last) ? type : null;
    }

    private static string Name(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat);

    /// <summary>Small types of which one has a sign and the other has not, but for the two that ILGPU converts rightly.</summary>
    private static bool AreMixed(Scalar from, Scalar to) =>
        IsSmall(from) && IsSmall(to) && IsSigned(from) != IsSigned(to) && (from, to) is not ((Scalar.Byte, Scalar.Short) or (Scalar.Short, Scalar.Byte));

    private static bool IsSmall(Scalar type) => type is Scalar.SByte or Scalar.Byte or Scalar.Short or Scalar.UShort;

    private static bool IsSigned(Scalar type) => type is Scalar.SByte or Scalar.Short or Scalar.Int or Scalar.Long;

    /// <summary>Whether it is known when the kernel is compiled: a constant, or a variable that is given one.</summary>
    private bool IsKnown(IOperation value)
    {
        IOperation origin = _writes.Origin(value);
        while (origin is IConversionOperation { OperatorMethod: null } conversion) origin = _writes.Origin(conversion.Operand);
        return origin.ConstantValue.HasValue || origin is IParameterReferenceOperation { Parameter: { } parameter } && KernelLanguage.Has(parameter, "SpecializationAttribute");
    }

    private bool IsZero(IOperation value) => _writes.Origin(value).ConstantValue is { HasValue: true, Value: 0f or 0d };

    private bool HoldsConstant(IOperation value, BinaryOperatorKind kind)
    {
        while (value is IParenthesizedOperation parenthesized) value = parenthesized.Operand;
        return value is IBinaryOperation binary && binary.OperatorKind == kind && !binary.ConstantValue.HasValue && (IsKnown(binary.LeftOperand) || IsKnown(binary.RightOperand));
    }

    /// <summary>c ? 1 : 0 and c ? 0 : 1, which the C# compiler makes the bool itself.</summary>
    private bool IsTruth(IOperation value)
    {
        if (_writes.Origin(value) is not IConditionalOperation { Type.SpecialType: SpecialType.System_Int32 or SpecialType.System_UInt32, WhenFalse: { } otherwise } choice) return false;
        return (choice.WhenTrue.ConstantValue.Value, otherwise.ConstantValue.Value) is (1, 0) or (0, 1) or (1u, 0u) or (0u, 1u);
    }

    /// <summary>An argument of the kernel that is not compiled in, or a field of one.</summary>
    private bool IsArgument(IOperation value)
    {
        while (true)
        {
            if (value is IConversionOperation { OperatorMethod: null } conversion) value = conversion.Operand;
            else if (value is IFieldReferenceOperation { Instance: { } holder }) value = holder;
            else if (value is IPropertyReferenceOperation { Instance: { } owner, Property.IsIndexer: false } property && IsAutomatic(property.Property)) value = owner;
            else break;
        }
        return isKernel && value is IParameterReferenceOperation { Parameter: { ContainingSymbol: IMethodSymbol { MethodKind: MethodKind.Constructor } } parameter }
            && !KernelLanguage.Has(parameter, "SpecializationAttribute");
    }

    private static bool IsAutomatic(IPropertySymbol property) =>
        property.ContainingType.GetMembers().OfType<IFieldSymbol>().Any(field => SymbolEqualityComparer.Default.Equals(field.AssociatedSymbol, property));

    private static bool IsPowerOfTwo(object constant)
    {
        ulong value = constant switch
        {
            int number => number > 1 ? (ulong)number : 0,
            long number => number > 1 ? (ulong)number : 0,
            uint number => number,
            ulong number => number,
            _ => 0,
        };
        return value > 1 && (value & (value - 1)) == 0;
    }

    private Block LoopBody(IOperation body, bool isUnrolled)
    {
        _loops.Push(new(isUnrolled));
        Block block = Nested(body);
        _loops.Pop();
        return block;
    }

    /// <summary>A loop has one way round and one way out where it is unrolled.</summary>
    private void CheckJump(IBranchOperation jump)
    {
        if (_loops.Count > 0 && _loops.Peek() is { IsUnrolled: true } loop && (loop.Switches == 0 || jump.BranchKind == BranchKind.Continue))
            Report(Rules.UnrolledJump, jump, jump.BranchKind == BranchKind.Continue ? "continue" : "break");
    }

    private sealed class LoopAround(bool isUnrolled)
    {
        public bool IsUnrolled { get; } = isUnrolled;

        /// <summary>Switches within the loop, around what is looked at: a break is theirs.</summary>
        public int Switches { get; set; }
    }
}
