using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Kind = Microsoft.CodeAnalysis.Operations.BinaryOperatorKind;

namespace GpuCnn.Compiler.Analysis;

/// <summary>
/// Proves from the way integers are computed that they are not negative, or for unsigned ones that their highest bit is not set. Assumes
/// that signed sums and products do not overflow, which is undefined on a device. Also assumes that a helper's parameters are not negative;
/// every call has to prove it.
/// </summary>
internal sealed class NonNegative(LocalWrites writes, IMethodSymbol method, TypeClosing closing)
{
    private readonly LocalWrites _writes = writes;
    private readonly IMethodSymbol _method = method;
    private readonly HashSet<int> _assumed = [];

    // Calls of operators and constructors are not checked argument by argument.
    private readonly bool _isCalledOpenly = method.MethodKind is MethodKind.Ordinary or MethodKind.ExplicitInterfaceImplementation;

    /// <summary>Ordinals of the parameters assumed to be not negative.</summary>
    public IReadOnlyCollection<int> Assumed => _assumed;

    /// <param name="mayAssume">Whether to assume that parameters are not negative.</param>
    public bool Holds(IOperation value, bool mayAssume = true)
    {
        var proof = new Proof(this, mayAssume && _isCalledOpenly);
        if (!proof.Of(value)) return false;
        _assumed.UnionWith(proof.Assumed);
        return true;
    }

    /// <summary>The size of an integer.</summary>
    public static int Bytes(Scalar type) => type switch
    {
        Scalar.SByte or Scalar.Byte => 1,
        Scalar.Short or Scalar.UShort => 2,
        Scalar.Int or Scalar.UInt => 4,
        _ => 8,
    };

    private Scalar? TypeOf(IOperation value) => value.Type is { } type ? TypeMapper.ScalarOf(closing.Close(type)) : null;

    private bool IsSigned(IOperation value) => TypeOf(value) is Scalar.SByte or Scalar.Short or Scalar.Int or Scalar.Long;

    /// <summary>
    /// One attempt at a proof. Assumes that the variables under examination are not negative, so that a loop's steps may depend on them.
    /// </summary>
    private sealed class Proof(NonNegative owner, bool mayAssume)
    {
        private HashSet<ISymbol> _open = new(SymbolEqualityComparer.Default);

        public HashSet<int> Assumed { get; private set; } = [];

        public bool Of(IOperation? value)
        {
            if (value is null) return false;
            if (value.ConstantValue is { HasValue: true, Value: { } constant }) return OfConstant(constant);
            if (owner.TypeOf(value) is Scalar.Byte or Scalar.UShort) return true;
            return value switch
            {
                IParenthesizedOperation parenthesized => Of(parenthesized.Operand),
                IConversionOperation { OperatorMethod: null } conversion => OfConversion(conversion),
                IBinaryOperation binary => OfBinary(binary, binary.OperatorKind, binary.LeftOperand, binary.RightOperand),
                ICompoundAssignmentOperation change => OfBinary(change, change.OperatorKind, change.Target, change.Value),
                IIncrementOrDecrementOperation increment => increment.Kind == OperationKind.Increment,
                IConditionalOperation { WhenFalse: { } otherwise } choice => Of(choice.WhenTrue) && Of(otherwise),
                IInvocationOperation call => OfCall(call.TargetMethod, call.Arguments),
                IPropertyReferenceOperation { Property: { IsStatic: true } property } =>
                    KernelLanguage.Declares(property.ContainingType)
                    && (Enum.TryParse(property.ContainingType.Name, out ThreadIndex _) || property.Name == "Lane"),
                IFieldReferenceOperation { Field: { Name: "Value" } field } => KernelLanguage.IsStruct(field.ContainingType),
                ILocalReferenceOperation local => !_open.Add(local.Local) || owner._writes.Of(local.Local).All(Of),
                IParameterReferenceOperation parameter => OfParameter(parameter.Parameter),
                _ => false,
            };
        }

        private static bool OfConstant(object constant) => constant is byte or ushort or sbyte and >= 0 or short and >= 0 or int and >= 0
            or long and >= 0 or uint and <= int.MaxValue or ulong and <= long.MaxValue;

        private bool OfConversion(IConversionOperation conversion)
        {
            if (owner.TypeOf(conversion.Operand) is not { } from || owner.TypeOf(conversion) is not { } to) return false;
            if (!from.IsInteger() || !to.IsInteger() || Bytes(to) < Bytes(from)) return false;
            return Bytes(to) > Bytes(from) && !owner.IsSigned(conversion.Operand) || Of(conversion.Operand);
        }

        private bool OfBinary(IOperation operation, Kind kind, IOperation left, IOperation right)
        {
            bool isSigned = owner.IsSigned(operation), shiftsAway = right.ConstantValue is { HasValue: true, Value: int and > 0 and < 32 };
            return kind switch
            {
                Kind.Add or Kind.Multiply => isSigned && Of(left) && Of(right),
                Kind.Divide => Of(left) && (!isSigned || Of(right)),
                Kind.Remainder => isSigned ? Of(left) : Either(left, right),
                Kind.And => Either(left, right),
                Kind.Or or Kind.ExclusiveOr => Of(left) && Of(right),
                Kind.RightShift => !isSigned && shiftsAway || Of(left),
                Kind.UnsignedRightShift => shiftsAway || Of(left),
                _ => false,
            };
        }

        /// <summary>
        /// Tries both operands and keeps the one that demands less of the callers. Assumptions of one attempt do not count in the other.
        /// </summary>
        private bool Either(IOperation one, IOperation other)
        {
            (HashSet<ISymbol> Open, HashSet<int> Assumed) before = (_open, Assumed);
            (HashSet<ISymbol> Open, HashSet<int> Assumed)? found = null;
            foreach (IOperation way in (IOperation[])[one, other])
            {
                (_open, Assumed) = (new(before.Open, SymbolEqualityComparer.Default), [.. before.Assumed]);
                if (Of(way) && (found is null || Assumed.Count < found.Value.Assumed.Count)) found = (_open, Assumed);
            }
            (_open, Assumed) = found ?? before;
            return found is not null;
        }

        private bool OfCall(IMethodSymbol called, IReadOnlyList<IArgumentOperation> arguments)
        {
            if (!KernelLanguage.Declares(called.ContainingType)) return false;
            return (called.ContainingType.Name, called.Name) switch
            {
                ("KernelMath", "Max") => Either(arguments[0].Value, arguments[1].Value),
                ("KernelMath", "Min") => Of(arguments[0].Value) && Of(arguments[1].Value),
                ("KernelMath", "PopCount" or "LeadingZeroCount") => true,
                ("Divisor", "Divide" or "Remainder") => true,
                _ => false,
            };
        }

        private bool OfParameter(IParameterSymbol parameter)
        {
            if (!mayAssume || !SymbolEqualityComparer.Default.Equals(parameter.ContainingSymbol, owner._method)) return false;
            if (!_open.Add(parameter)) return true;
            Assumed.Add(parameter.Ordinal);
            return owner._writes.Of(parameter).All(Of);
        }
    }
}
