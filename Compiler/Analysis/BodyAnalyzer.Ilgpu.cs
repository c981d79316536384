using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace GpuCnn.Compiler.Analysis;

/// <summary>
/// Divisions and loops that ILGPU 1.5.3 computes otherwise than C#, and says nothing of: kernels do without. It divides by a power of two
/// with an arithmetic shift, whatever the type, wherever it learns the divisor: from a constant, an argument that is compiled in, a loop
/// that is unrolled.
/// </summary>
internal sealed partial class BodyAnalyzer
{
    private readonly Stack<LoopAround> _loops = new();
    private LocalWrites _writes = new(null);
    private NonNegative? _signs;

    /// <summary>What calls have to show of their arguments.</summary>
    public Demands Demands => new(_signs?.Assumed ?? [], _varying);

    private NonNegative Signs => _signs ??= new(_writes, method, closing);

    private void BeginBody(IOperation? body) => _writes = new(body);

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

    private void CheckDemands(IInvocationOperation call, Demands demands)
    {
        foreach (IArgumentOperation argument in call.Arguments)
        {
            int parameter = argument.Parameter?.Ordinal ?? -1;
            if (demands.NonNegative.Contains(parameter) && !Signs.Holds(argument.Value))
                Report(Rules.SignedDivision, argument, Excerpt(argument), $" where '{call.TargetMethod.Name}' divides it");
            if (demands.Varying.Contains(parameter)) CheckVaries(argument.Value, call);
        }
    }

    /// <summary>An argument of the kernel that is not compiled in, or a field of one.</summary>
    private bool IsArgument(IOperation value)
    {
        while (Holder(value) is { } holder) value = holder;
        return isKernel && value is IParameterReferenceOperation { Parameter: { ContainingSymbol: IMethodSymbol around } parameter }
            && around.MethodKind == MethodKind.Constructor && !KernelLanguage.Has(parameter, "SpecializationAttribute");
    }

    /// <summary>What a conversion, a field or an automatic property is of; null of other values.</summary>
    private static IOperation? Holder(IOperation value) => value switch
    {
        IConversionOperation { OperatorMethod: null } conversion => conversion.Operand,
        IFieldReferenceOperation field => field.Instance,
        IPropertyReferenceOperation { Property.IsIndexer: false } property when IsAutomatic(property.Property) => property.Instance,
        _ => null,
    };

    private static bool IsAutomatic(IPropertySymbol property) => property.ContainingType.GetMembers().OfType<IFieldSymbol>()
        .Any(field => SymbolEqualityComparer.Default.Equals(field.AssociatedSymbol, property));

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

    /// <summary>A loop that is unrolled has one way round and one way out.</summary>
    private void CheckJump(IBranchOperation jump)
    {
        if (_loops.Count == 0 || !_loops.Peek().IsUnrolled) return;
        bool isContinue = jump.BranchKind == BranchKind.Continue;
        if (isContinue || _loops.Peek().Switches == 0) Report(Rules.UnrolledJump, jump, isContinue ? "continue" : "break");
    }

    private sealed class LoopAround(bool isUnrolled)
    {
        public bool IsUnrolled { get; } = isUnrolled;

        /// <summary>Switches within the loop, around what is looked at: a break is theirs.</summary>
        public int Switches { get; set; }
    }
}
