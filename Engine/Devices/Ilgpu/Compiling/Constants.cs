using ILGPU;
using ILGPU.IR;
using ILGPU.IR.Values;

namespace GpuCnn.Engine.Devices.Ilgpu.Compiling;

/// <summary>Evaluates integers of ILGPU's intermediate language that follow from constants.</summary>
internal static class Constants
{
    /// <param name="known">Known values; a phi must be among them to count as known.</param>
    /// <returns>The value, or null if it is not known.</returns>
    public static long? Of(Value value, IReadOnlyDictionary<Value, long> known)
    {
        if (known.TryGetValue(value, out long given)) return given;
        return value switch
        {
            PrimitiveValue primitive when primitive.BasicValueType is BasicValueType.Int1 => primitive.Int1Value ? 1 : 0,
            PrimitiveValue primitive when primitive.BasicValueType is BasicValueType.Int32 => primitive.Int32Value,
            PrimitiveValue primitive when primitive.BasicValueType is BasicValueType.Int64 => primitive.Int64Value,
            UnaryArithmeticValue { Kind: UnaryArithmeticKind.Not, BasicValueType: BasicValueType.Int1 } not when Of(not.Value,
                known) is { } operand => operand ^ 1,
            CompareValue compare when Pair(compare.Left, compare.Right, known) is { } pair && Integers(compare) =>
                Compare(compare, pair) ? 1 : 0,
            BinaryArithmeticValue { BasicValueType: BasicValueType.Int32, IsUnsigned: false } binary when Pair(binary.Left, binary.Right,
                known) is { } pair => Arithmetic(binary.Kind, (int)pair.Left, (int)pair.Right),
            _ => null,
        };
    }

    private static (long Left, long Right)? Pair(Value left, Value right, IReadOnlyDictionary<Value, long> known) =>
        Of(left, known) is { } a && Of(right, known) is { } b ? (a, b) : null;

    private static bool Integers(CompareValue compare) =>
        compare.Left.BasicValueType is BasicValueType.Int32 or BasicValueType.Int64 or BasicValueType.Int1;

    private static bool Compare(CompareValue compare, (long Left, long Right) pair)
    {
        (long left, long right) = pair;
        // An unsigned comparison of 32-bit constants.
        if (compare.IsUnsignedOrUnordered && compare.Left.BasicValueType == BasicValueType.Int32) (left, right) = ((uint)left, (uint)right);
        return compare.Kind switch
        {
            CompareKind.Equal => left == right,
            CompareKind.NotEqual => left != right,
            CompareKind.LessThan => left < right,
            CompareKind.LessEqual => left <= right,
            CompareKind.GreaterThan => left > right,
            _ => left >= right,
        };
    }

    private static long? Arithmetic(BinaryArithmeticKind kind, int left, int right) => kind switch
    {
        BinaryArithmeticKind.Add => left + right,
        BinaryArithmeticKind.Sub => left - right,
        BinaryArithmeticKind.Mul => left * right,
        BinaryArithmeticKind.Div when right > 0 => left / right,
        BinaryArithmeticKind.Shl when right is >= 0 and < 32 => left << right,
        BinaryArithmeticKind.Shr when right is >= 0 and < 32 => left >> right,
        BinaryArithmeticKind.And => left & right,
        BinaryArithmeticKind.Or => left | right,
        BinaryArithmeticKind.Xor => left ^ right,
        _ => null,
    };
}
