using ILGPU;
using ILGPU.IR;
using ILGPU.IR.Transformations;
using ILGPU.IR.Values;

namespace GpuCnn.Engine.Devices.Ilgpu.Compiling;

/// <summary>Fuses a float product and a sum into one operation, rounded once, if the product has no other use.</summary>
internal sealed class MultiplyAddFusion : UnorderedTransformation
{
    protected override bool PerformTransformation(Method.Builder builder)
    {
        bool found = false;
        foreach (BasicBlock block in builder.SourceBlocks)
        {
            BasicBlock.Builder blockBuilder = builder[block];
            foreach (BasicBlock.ValueEntry entry in block)
            {
                if (entry.Value is not BinaryArithmeticValue
                    {
                        Kind: BinaryArithmeticKind.Add,
                        BasicValueType: BasicValueType.Float32 or BasicValueType.Float64
                    } sum) continue;
                Value left = sum.Left, right = sum.Right;
                BinaryArithmeticValue? product = Product(left) ?? Product(right);
                if (product is null) continue;
                Value addend = ReferenceEquals(product, left) ? right : left;
                blockBuilder.SetupInsertPosition(sum);
                Value fused = blockBuilder.CreateArithmetic(sum.Location, product.Left, product.Right, addend,
                    TernaryArithmeticKind.MultiplyAdd);
                sum.Replace(fused);
                blockBuilder.Remove(sum);
                found = true;
            }
        }
        return found;
    }

    private static BinaryArithmeticValue? Product(Value value) =>
        value is BinaryArithmeticValue { Kind: BinaryArithmeticKind.Mul } product && product.Uses.HasExactlyOne ? product : null;
}
