using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace GpuCnn.Compiler.Analysis;

/// <summary>
/// Refuses divisions and loops that ILGPU 1.5.3 silently computes differently from C#. It divides by a power of two with an arithmetic
/// shift, whatever the type, wherever it learns the divisor: from a constant, a specialization constant, or an unrolled loop.
/// </summary>
internal sealed partial class BodyAnalyzer
{
    private readonly Stack<LoopAround> _loops = new();
    private LocalWrites _writes = new(null);
    private NonNegative? _signs;

    /// <summary>What the arguments of each call have to satisfy.</summary>
    public Demands Demands => new(_signs?.Assumed ?? [], _varying);

    private NonNegative Signs => _signs ??= new(_writes, method, closing);

    private void BeginBody(IOperation? body) => _writes = new(body);

    /// <param name="dividend">The dividend; <paramref name="left"/> is its translation.</param>
    /// <param name="at">The division.</param>
    private void CheckDivision(IOperation dividend, IOperation divisor, Expression left, Expression right, IOperation at)
    {
        // ILGPU folds two constants correctly, and uses no shift for a divisor that is known only at the launch.
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

    /// <summary>Whether a value is an argument of the kernel that is not a specialization constant, or a field of one.</summary>
    private bool IsArgument(IOperation value)
    {
        while (Holder(value) is { } holder) value = holder;
        return isKernel && value is IParameterReferenceOperation { Parameter: { ContainingSymbol: IMethodSymbol around } parameter }
            && around.MethodKind == MethodKind.Constructor && !KernelLanguage.Has(parameter, "SpecializationAttribute");
    }

    /// <summary>The operand of a conversion, or the instance of a field or an automatic property; null for other values.</summary>
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

    /// <summary>Refuses jumps within an unrolled loop, which has a single way around and a single way out.</summary>
    private void CheckJump(IBranchOperation jump)
    {
        if (_loops.Count == 0 || !_loops.Peek().IsUnrolled) return;
        bool isContinue = jump.BranchKind == BranchKind.Continue;
        if (isContinue || _loops.Peek().Switches == 0) Report(Rules.UnrolledJump, jump, isContinue ? "continue" : "break");
    }

    private sealed class LoopAround(bool isUnrolled)
    {
        public bool IsUnrolled { get; } = isUnrolled;

        /// <summary>Number of switches within the loop that enclose the current operation: a break belongs to them.</summary>
        public int Switches { get; set; }
    }
}
