using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace GpuCnn.Compiler.Analysis;

/// <summary>
/// Refuses comparisons, constants and conversions that ILGPU 1.5.3 reads incompletely, so that no later stage can restore their meaning.
/// </summary>
internal sealed partial class BodyAnalyzer
{
    private readonly HashSet<int> _varying = [];

    private static bool IsOrder(BinaryOperator kind) =>
        kind is BinaryOperator.Less or BinaryOperator.LessOrEqual or BinaryOperator.Greater or BinaryOperator.GreaterOrEqual;

    private void CheckBinary(IBinaryOperation operation, BinaryOperator kind, Expression left, Expression right)
    {
        if (left.Type.Scalar is not { } scalar) return;
        IOperation one = operation.LeftOperand, other = operation.RightOperand;
        if (kind == BinaryOperator.Divide && scalar.IsInteger()) CheckDivision(one, other, left, right, operation);
        if (!scalar.IsFloating()) return;
        if (IsOrder(kind) && !IsKnown(other)) CheckVaries(one, operation);
        bool isSum = kind is BinaryOperator.Add or BinaryOperator.Subtract;
        if (isSum && IsZero(one) || kind == BinaryOperator.Add && IsZero(other))
            Report(Rules.Reassociation, operation, Excerpt(operation), "drops the zero: write the other value, or its negation");
        else if ((isSum || kind == BinaryOperator.Multiply) && HoldsTwoConstants(operation))
            Report(Rules.Reassociation, operation, Excerpt(operation),
                "combines the constants first, which rounds differently: write one constant");
    }

    /// <summary>Checks that the left side of a comparison varies, here or in the helper that receives it.</summary>
    /// <param name="at">The comparison, or the call.</param>
    private void CheckVaries(IOperation value, IOperation at)
    {
        if (IsFixed(value)) Report(Rules.ConstantLeft, at, Excerpt(at));
        IOperation origin = _writes.Origin(value);
        while (Source(origin) is { } inner) origin = _writes.Origin(inner);
        if (origin is not IParameterReferenceOperation { Parameter: { } parameter }) return;
        if (SymbolEqualityComparer.Default.Equals(parameter.ContainingSymbol, method)) _varying.Add(parameter.Ordinal);

        // A struct with one value stands for that value.
        static IOperation? Source(IOperation made) => made is IObjectCreationOperation { Arguments.Length: 1 } creation
            ? creation.Arguments[0].Value
            : Holder(made);
    }

    /// <summary>Whether a value is a constant, or made of constants alone: T.Zero, T.Create(1).</summary>
    private bool IsFixed(IOperation value) => _writes.Origin(value) switch
    {
        IPropertyReferenceOperation { Property.IsStatic: true } property => !KernelLanguage.Declares(property.Property.ContainingType),
        IInvocationOperation { TargetMethod.IsStatic: true } call => call.Arguments.All(argument => IsFixed(argument.Value)),
        IObjectCreationOperation made => made.Arguments.Length > 0 && made.Arguments.All(argument => IsFixed(argument.Value)),
        IFieldReferenceOperation { Instance: { } holder } => IsFixed(holder),
        var origin => IsKnown(origin),
    };

    private void CheckNegation(IUnaryOperation operation, Expression operand)
    {
        bool isComparison = operand is Binary comparison && IsOrder(comparison.Operator) && IsFloating(comparison.Left);
        if (operation.OperatorKind == UnaryOperatorKind.Not && isComparison)
            Report(Rules.NegatedComparison, operation, Excerpt(operation));
        if (operation.OperatorKind is UnaryOperatorKind.Minus or UnaryOperatorKind.BitwiseNegation && IsTruth(operation.Operand))
            Report(Rules.Truth, operation, Excerpt(operation.Operand), "where it is negated");
    }

    private void CheckNegation(INegatedPatternOperation operation, Expression value)
    {
        bool isComparison = operation.Pattern is IRelationalPatternOperation && IsFloating(value);
        if (isComparison) Report(Rules.NegatedComparison, operation, Excerpt(operation));
    }

    private void CheckConversion(IConversionOperation operation, ITypeSymbol from, ITypeSymbol to)
    {
        if (TypeMapper.ScalarOf(from) is not { } source || TypeMapper.ScalarOf(to) is not { } target) return;
        if (target.IsFloating() && source.IsInteger() && IsTruth(operation.Operand))
            Report(Rules.Truth, operation, Excerpt(operation.Operand), "where it becomes a float");
        if (IsSmall(target) && source.IsFloating()) Wrong(from, "convert to int, and take the bits with '&' or shifts");
        else if (AreMixed(source, target)) Wrong(from, "take the bits of an int with '&', or extend the sign with shifts");
        else if (Inner(operation) is { } inner) Wrong(inner, "use the intermediate value in a computation, or convert directly");

        void Wrong(ITypeSymbol start, string instead) =>
            Report(Rules.Conversion, operation, Excerpt(operation.Operand), Name(start), Name(to), instead);

        static string Name(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat);
    }

    /// <summary>The source type of a conversion of a conversion, if the step between decides the result and ILGPU leaves it out.</summary>
    private ITypeSymbol? Inner(IConversionOperation outer)
    {
        IOperation origin = _writes.Origin(outer.Operand);
        if (origin is not IConversionOperation { OperatorMethod: null, ConstantValue.HasValue: false } inner) return null;
        if (ScalarOf(inner.Operand) is not { } first || ScalarOf(inner) is not { } between || ScalarOf(outer) is not { } last) return null;
        bool isLeftOut = (first.IsFloating(), between.IsInteger(), last.IsInteger()) switch
        {
            (true, true, true) => NonNegative.Bytes(last) <= NonNegative.Bytes(between),
            // int to ulong to double: the start decides the sign.
            (false, true, false) => between == Scalar.ULong && IsSigned(first) && !Signs.Holds(inner.Operand, mayAssume: false),
            (false, true, true) => AreMixed(first, last),
            _ => false,
        };
        return isLeftOut ? closing.Close(inner.Operand.Type!) : null;
    }

    private Scalar? ScalarOf(IOperation value) => value.Type is { } type ? TypeMapper.ScalarOf(closing.Close(type)) : null;

    private static bool IsFloating(Expression value) => value.Type.Scalar is { } scalar && scalar.IsFloating();

    private static bool IsSigned(Scalar type) => type is Scalar.SByte or Scalar.Short or Scalar.Int or Scalar.Long;

    private static bool IsSmall(Scalar type) => type is Scalar.SByte or Scalar.Byte or Scalar.Short or Scalar.UShort;

    /// <summary>Whether two small types differ in having a sign, except the two pairs that ILGPU converts correctly.</summary>
    private static bool AreMixed(Scalar from, Scalar to) => IsSmall(from) && IsSmall(to) && IsSigned(from) != IsSigned(to)
        && (from, to) is not ((Scalar.Byte, Scalar.Short) or (Scalar.Short, Scalar.Byte));

    /// <summary>Whether a value is known when the kernel is compiled: a constant, or a variable that is given one.</summary>
    private bool IsKnown(IOperation value)
    {
        IOperation origin = _writes.Origin(value);
        while (origin is IConversionOperation { OperatorMethod: null } conversion) origin = _writes.Origin(conversion.Operand);
        if (origin.ConstantValue.HasValue) return true;
        return origin is IParameterReferenceOperation argument && KernelLanguage.Has(argument.Parameter, "SpecializationAttribute");
    }

    private bool IsZero(IOperation value) => _writes.Origin(value).ConstantValue is { HasValue: true, Value: 0f or 0d };

    /// <summary>Whether an expression is like a + 1 + 2, for any operator, in any order.</summary>
    private bool HoldsTwoConstants(IBinaryOperation operation)
    {
        IOperation one = operation.LeftOperand, other = operation.RightOperand;
        return IsKnown(other) && HoldsOne(one) || IsKnown(one) && HoldsOne(other);

        bool HoldsOne(IOperation value)
        {
            while (value is IParenthesizedOperation parenthesized) value = parenthesized.Operand;
            return value is IBinaryOperation { ConstantValue.HasValue: false } binary && binary.OperatorKind == operation.OperatorKind
                && (IsKnown(binary.LeftOperand) || IsKnown(binary.RightOperand));
        }
    }

    /// <summary>Whether a value is c ? 1 : 0 or c ? 0 : 1, which the C# compiler replaces with the bool itself.</summary>
    private bool IsTruth(IOperation value)
    {
        if (_writes.Origin(value) is not IConditionalOperation { WhenFalse: { } otherwise } choice) return false;
        if (choice.Type?.SpecialType is not (SpecialType.System_Int32 or SpecialType.System_UInt32)) return false;
        return (choice.WhenTrue.ConstantValue.Value, otherwise.ConstantValue.Value) is (1, 0) or (0, 1) or (1u, 0u) or (0u, 1u);
    }
}
