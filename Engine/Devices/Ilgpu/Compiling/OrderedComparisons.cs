using ILGPU;
using ILGPU.IR;
using ILGPU.IR.Construction;
using ILGPU.IR.Transformations;
using ILGPU.IR.Values;

namespace GpuCnn.Engine.Devices.Ilgpu.Compiling;

/// <summary>
/// Spells out comparisons that are true where one side is NaN, which the C# compiler makes of conditions that it turns round: a &lt;= b "or unordered" is a &lt;= b | a != a | b != b.
/// ILGPU's OpenCL C forgets the second half.
/// </summary>
internal sealed class OrderedComparisons : UnorderedTransformation
{
    protected override bool PerformTransformation(Method.Builder builder)
    {
        bool found = false;
        foreach (BasicBlock block in builder.SourceBlocks)
        {
            BasicBlock.Builder blockBuilder = builder[block];
            foreach (BasicBlock.ValueEntry entry in block)
            {
                if (entry.Value is not CompareValue { IsUnsignedOrUnordered: true } comparison) continue;
                if (comparison.Left.BasicValueType is not (BasicValueType.Float16 or BasicValueType.Float32 or BasicValueType.Float64)) continue;
                // Not equal is true of NaN in C as it is.
                if (comparison.Kind == CompareKind.NotEqual) continue;
                blockBuilder.SetupInsertPosition(comparison);
                Value left = comparison.Left, right = comparison.Right;
                Value ordered = blockBuilder.CreateCompare(comparison.Location, left, right, comparison.Kind);
                Value spelled = Or(blockBuilder, ordered, Or(blockBuilder, IsNaN(blockBuilder, left), IsNaN(blockBuilder, right)));
                comparison.Replace(spelled);
                blockBuilder.Remove(comparison);
                found = true;
            }
        }
        return found;
    }

    private static Value IsNaN(IRBuilder builder, Value value) => builder.CreateArithmetic(value.Location, value, UnaryArithmeticKind.IsNaNF);

    private static Value Or(IRBuilder builder, Value left, Value right) => builder.CreateArithmetic(left.Location, left, right, BinaryArithmeticKind.Or);
}
