using System.Reflection;
using GpuCnn.Kernels.Language;
using ILGPU;
using ILGPU.IR;
using ILGPU.IR.Construction;
using ILGPU.IR.Values;

namespace GpuCnn.Engine.Devices.Ilgpu.Compiling;

/// <summary>Replaces a kernel's specialization arguments and group shape by constants in ILGPU's intermediate language.</summary>
internal static class KernelSpecializer
{
    /// <summary>Returns a method that calls <paramref name="kernel"/> with its struct's specialization arguments replaced.</summary>
    /// <param name="context">The kernel's own context, which is changed.</param>
    public static Method Specialize(IRContext context, Method kernel, object instance, Size3 shape)
    {
        Method wrapper = context.Declare(new MethodDeclaration(MethodHandle.Create("Specialized"), context.VoidType), out _);
        kernel.AddFlags(MethodFlags.Inline);
        using (Method.Builder builder = wrapper.CreateBuilder())
        {
            BasicBlock.Builder block = builder.EntryBlockBuilder;
            Value argument = builder.AddParameter(kernel.Parameters[0].Type, kernel.Parameters[0].Name);
            foreach ((int index, object value) in ConstantsOf(instance))
                argument = block.CreateSetField(wrapper.Location, argument, new FieldSpan(index), Constant(block, wrapper.Location, value));
            MethodCall.Builder call = block.CreateCall(wrapper.Location, kernel);
            call.Add(argument);
            call.Seal();
            block.CreateReturn(wrapper.Location);
            builder.Complete();
        }
        FixShape(context, shape);
        return wrapper;
    }

    /// <summary>Returns the specialization arguments, each with its field index after nested structs are flattened.</summary>
    private static IEnumerable<(int Index, object Value)> ConstantsOf(object kernel)
    {
        Type type = kernel.GetType();
        HashSet<string> names = [.. type.GetConstructors().SelectMany(constructor => constructor.GetParameters())
            .Where(parameter => parameter.GetCustomAttribute<SpecializationAttribute>() is not null)
                .Select(parameter => $"<{parameter.Name}>P")];
        int index = 0;
        foreach (FieldInfo field in Fields(type))
        {
            if (names.Contains(field.Name)) yield return (index, field.GetValue(kernel)!);
            index += Leaves(field.FieldType);
        }
    }

    private static FieldInfo[] Fields(Type type) =>
        [.. type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).OrderBy(field => field.MetadataToken)];

    private static int Leaves(Type type)
    {
        if (type.IsPrimitive || type.IsEnum || type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ArrayView<>)) return 1;
        return Math.Max(1, Fields(type).Sum(field => Leaves(field.FieldType)));
    }

    private static Value Constant(IRBuilder builder, Location location, object value) => value switch
    {
        Flag flag => builder.CreatePrimitiveValue(location, flag.Value),
        int number => builder.CreatePrimitiveValue(location, number),
        uint number => builder.CreatePrimitiveValue(location, number),
        float number => builder.CreatePrimitiveValue(location, number),
        Enum choice => Constant(builder, location,
            Convert.ChangeType(choice, Enum.GetUnderlyingType(choice.GetType()), System.Globalization.CultureInfo.InvariantCulture)),
        byte number => builder.CreatePrimitiveValue(location, number),
        _ => throw new NotSupportedException($"a specialization argument of type {value.GetType().Name}"),
    };

    private static void FixShape(IRContext context, Size3 shape)
    {
        foreach (Method method in context.Methods)
        {
            if (!method.HasImplementation) continue;
            using Method.Builder builder = method.CreateBuilder();
            foreach (BasicBlock block in builder.SourceBlocks)
            {
                BasicBlock.Builder blockBuilder = builder[block];
                foreach (BasicBlock.ValueEntry entry in block)
                {
                    if (entry.Value is not GroupDimensionValue dimension) continue;
                    blockBuilder.SetupInsertPosition(dimension);
                    int threads = dimension.Dimension switch
                    {
                        DeviceConstantDimension3D.X => shape.X,
                        DeviceConstantDimension3D.Y => shape.Y,
                        _ => shape.Z,
                    };
                    Value constant = blockBuilder.CreatePrimitiveValue(dimension.Location, threads);
                    dimension.Replace(constant);
                    blockBuilder.Remove(dimension);
                }
            }
            builder.Complete();
        }
    }
}
