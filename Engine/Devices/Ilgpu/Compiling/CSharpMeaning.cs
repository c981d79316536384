using ILGPU;
using ILGPU.IR;
using ILGPU.IR.Transformations;
using ILGPU.IR.Values;
using ILGPU.Util;

namespace GpuCnn.Engine.Devices.Ilgpu.Compiling;

/// <summary>
/// Adds what ILGPU 1.5.3 knows of a value but its OpenCL generator does not print: that a comparison holds if one side is NaN (an 'if'
/// tests whether to skip its body), and that a conversion to an integer saturates and turns NaN into 0. Runs after ILGPU's own passes, too
/// late to restore what a comparison with a constant on the left has lost (GCNN043).
/// </summary>
/// <param name="isOpenCl">Whether the output is OpenCL C, else PTX. PTX has both, except for NaN if one of the types has 64 bits.</param>
internal sealed class CSharpMeaning(bool isOpenCl) : UnorderedTransformation
{
    protected override bool PerformTransformation(Method.Builder builder)
    {
        bool found = false;
        foreach (BasicBlock block in builder.SourceBlocks)
        {
            BasicBlock.Builder blockBuilder = builder[block];
            foreach (BasicBlock.ValueEntry entry in block)
            {
                // Read the value now: after a replacement, the entry returns the new one.
                Value old = entry.Value;
                Value? written = old switch
                {
                    CompareValue compare when isOpenCl && HoldsForNaN(compare) => Compare(blockBuilder, compare),
                    ConvertValue convert when HasEnds(convert) => Convert(blockBuilder, convert),
                    _ => null,
                };
                if (written is null) continue;
                old.Replace(written);
                blockBuilder.Remove(old);
                found = true;
            }
        }
        return found;
    }

    /// <summary>Excludes !=, which holds for NaN in C as in C#, whatever the flag says.</summary>
    private static bool HoldsForNaN(CompareValue compare) => compare.IsUnsignedOrUnordered && compare.Left.BasicValueType.IsFloat()
        && compare.Kind is not (CompareKind.Equal or CompareKind.NotEqual);

    private bool HasEnds(ConvertValue convert)
    {
        if (!convert.Value.BasicValueType.IsFloat() || !convert.BasicValueType.IsInt()) return false;
        return isOpenCl || Bits(convert.BasicValueType) == 64 || convert.Value.BasicValueType == BasicValueType.Float64;
    }

    private static Value Compare(BasicBlock.Builder builder, CompareValue compare)
    {
        Location location = compare.Location;
        builder.SetupInsertPosition(compare);
        Value holds = builder.CreateCompare(location, compare.Left, compare.Right, compare.Kind);
        foreach (Value side in (Value[])[compare.Left, compare.Right])
        {
            // A constant is never NaN.
            if (side is PrimitiveValue) continue;
            Value isNaN = builder.CreateCompare(location, side, side, CompareKind.NotEqual);
            holds = builder.CreateArithmetic(location, holds, isNaN, BinaryArithmeticKind.Or);
        }
        return holds;
    }

    private static Value Convert(BasicBlock.Builder builder, ConvertValue convert)
    {
        Location location = convert.Location;
        builder.SetupInsertPosition(convert);
        Value value = convert.Value;
        BasicValueType type = convert.BasicValueType;
        int bits = Bits(type);
        bool isUnsigned = convert.IsResultUnsigned;
        (double least, double end) = isUnsigned ? (0, Math.Pow(2, bits)) : (-Math.Pow(2, bits - 1), Math.Pow(2, bits - 1));
        long smallest = isUnsigned ? 0 : long.MinValue >> 64 - bits;
        long largest = isUnsigned ? (long)(ulong.MaxValue >> 64 - bits) : long.MaxValue >> 64 - bits;
        Value result = builder.CreateConvert(location, value, convert.Type, convert.Flags);
        result = Choose(CompareKind.LessThan, Limit(end), result, largest);
        result = Choose(CompareKind.GreaterEqual, Limit(least), result, smallest);
        return Choose(CompareKind.Equal, value, result, 0);

        Value Limit(double limit) => value.BasicValueType == BasicValueType.Float64
            ? builder.CreatePrimitiveValue(location, limit)
            : builder.CreatePrimitiveValue(location, (float)limit);

        Value Choose(CompareKind kind, Value limit, Value yes, long no)
        {
            Value isInside = builder.CreateCompare(location, value, limit, kind);
            return builder.CreatePredicate(location, isInside, yes, builder.CreatePrimitiveValue(location, type, no));
        }
    }

    private static int Bits(BasicValueType type) => type switch
    {
        BasicValueType.Int8 => 8,
        BasicValueType.Int16 => 16,
        BasicValueType.Int32 => 32,
        _ => 64,
    };
}
